import { describe, expect, it } from 'vitest';
import type { StreamExecutionEnvironment } from '../../src/api/environment.js';
import { defineJob } from '../../src/api/job.js';
import { describeGraph, firstDifference } from '../../src/graph/graph-description.js';
import { discardSink } from '../../src/sinks/discard-sink.js';

const textOf = (build: (env: StreamExecutionEnvironment) => void): string =>
  describeGraph(defineJob('test', build).buildGraph());

const simple = (env: StreamExecutionEnvironment): void =>
  env
    .fromSequence(1, 9, { uid: 'read' })
    .map((value) => value)
    .sinkTo(discardSink(), { uid: 'write' });

describe('A graph’s description', () => {
  it('is the same for each build, with a line an operator', () => {
    expect(textOf(simple)).toBe(textOf(simple));
    expect(textOf(simple).split('\n')).toHaveLength(4);
  });

  it.each<[string, (env: StreamExecutionEnvironment) => void]>([
    [
      'a uid',
      (env) =>
        env
          .fromSequence(1, 9, { uid: 'other' })
          .map((value) => value)
          .sinkTo(discardSink(), { uid: 'write' }),
    ],
    [
      'a source’s settings',
      (env) =>
        env
          .fromSequence(1, 8, { uid: 'read' })
          .map((value) => value)
          .sinkTo(discardSink(), { uid: 'write' }),
    ],
    [
      'an operator',
      (env) =>
        env
          .fromSequence(1, 9, { uid: 'read' })
          .filter(() => true)
          .sinkTo(discardSink(), { uid: 'write' }),
    ],
    [
      'an exchange',
      (env) =>
        env
          .fromSequence(1, 9, { uid: 'read' })
          .rebalance()
          .map((value) => value)
          .sinkTo(discardSink(), { uid: 'write' }),
    ],
  ])('tells apart graphs that differ in %s', (_what, build) => {
    expect(textOf(build)).not.toBe(textOf(simple));
  });

  it('does not depend on names for people', () => {
    const named = textOf((env) =>
      env
        .fromSequence(1, 9, { uid: 'read', name: 'numbers' })
        .map((value) => value, { name: 'the same' })
        .sinkTo(discardSink(), { uid: 'write', name: 'nowhere' }),
    );
    expect(named).toBe(textOf(simple));
  });
});

describe('The first difference of two descriptions', () => {
  it('names both lines', () => {
    expect(firstDifference('job a\n0 map\n1 sink', 'job a\n0 filter\n1 sink')).toBe(
      '"0 map" against "0 filter"',
    );
  });

  it('says so when an operator is missing, on either side', () => {
    expect(firstDifference('job a\n0 map\n1 sink', 'job a\n0 map')).toBe('"1 sink" against "nothing"');
    expect(firstDifference('job a\n0 map', 'job a\n0 map\n1 sink')).toBe(
      'one has 1 more operators than the other',
    );
  });
});
