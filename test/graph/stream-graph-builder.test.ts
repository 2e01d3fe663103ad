import { describe, expect, it } from 'vitest';
import type { StreamExecutionEnvironment } from '../../src/api/environment.js';
import { defineJob } from '../../src/api/job.js';
import { MillraceError } from '../../src/protocol/failures.js';
import { discardSink } from '../../src/sinks/discard-sink.js';
import type { Sink } from '../../src/sinks/sink.js';

function mistakesOf(build: (env: StreamExecutionEnvironment) => void): string {
  try {
    defineJob('orders', build).buildGraph();
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError);
    expect(error).toMatchObject({ domain: 'user-code', action: 'fail-job' });
    return (error as MillraceError).message;
  }
  return '';
}

function transactionalSink(transactionalIdPrefix: string): Sink<number> {
  return {
    ...discardSink<number>(),
    transactions: { transactionalIdPrefix, poolSize: 2, transactionTimeoutMs: 60_000 },
  };
}

describe('A job that can’t run', () => {
  it('is told all of its mistakes in one message', () => {
    const message = mistakesOf((env) => {
      const read = env.fromSequence(1, 2, { uid: 'same' });
      read.map((value) => value, { uid: 'same' }).sinkTo(transactionalSink('out'), { uid: 'one' });
      read.filter(() => true, { uid: '' }).sinkTo(transactionalSink('out'), { uid: 'one' });
    });
    expect(message).toBe(
      'The job "orders" can\'t run: the uid "same" is given to more than one operator: state would be mixed up, so give each its own; ' +
        'the uid of operator 3 (filter) is empty: give it one, or leave it out; ' +
        'the uid "one" is given to more than one operator: state would be mixed up, so give each its own; ' +
        'the transactionalIdPrefix "out" is given to two sinks: they would shut each other out, so give each its own.',
    );
  });

  it('is told that it has neither source nor sink', () => {
    expect(mistakesOf(() => {})).toBe(
      'The job "orders" can\'t run: it reads from no source: begin with env.fromSource(…); it has no sink: end each stream with .sinkTo(…).',
    );
  });

  it('is told of a uid that is taken by the place of another operator', () => {
    const message = mistakesOf((env) =>
      env
        .fromSequence(1, 2, { uid: 'map-1' })
        .map((value) => value)
        .sinkTo(discardSink()),
    );
    expect(message).toContain('the uid "map-1" is given to more than one operator');
  });
});

describe('A job that can run', () => {
  it('has a uid for each operator: the given one, or its kind and place', () => {
    const graph = defineJob('orders', (env) =>
      env
        .fromSequence(1, 2, { uid: 'numbers' })
        .map((value) => value)
        .sinkTo(discardSink()),
    ).buildGraph();
    expect(graph.nodes.map((node) => node.uid)).toEqual(['numbers', 'map-1', 'sink-2']);
  });

  it('needs a name that can be a folder’s', () => {
    expect(() => defineJob('a/b', () => {})).toThrow('"a/b" can\'t be a job\'s name');
    expect(() => defineJob('', () => {})).toThrow("can't be a job's name");
  });
});
