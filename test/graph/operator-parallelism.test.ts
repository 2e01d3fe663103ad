import { describe, expect, it } from 'vitest';
import type { StreamExecutionEnvironment } from '../../src/api/environment.js';
import { defineJob } from '../../src/api/job.js';
import { planExecution } from '../../src/graph/execution-plan.js';
import { describeGraph } from '../../src/graph/graph-description.js';
import { chainOperators } from '../../src/graph/job-graph.js';
import { describeJob } from '../../src/job-manager/job-description.js';
import { planDeployments } from '../../src/job-manager/slot-deployments.js';
import { operatorUid } from '../../src/protocol/ids.js';
import { discardSink } from '../../src/sinks/discard-sink.js';
import { metadataOf, snapshotOf } from '../checkpoint/checkpoint-fixtures.js';

const graphOf = (build: (env: StreamExecutionEnvironment) => void) => defineJob('test', build).buildGraph();

const jobGraphOf = (build: (env: StreamExecutionEnvironment) => void) => chainOperators(graphOf(build));

const ways = (parallelism: number, build: (env: StreamExecutionEnvironment) => void, edge = 0): string[] =>
  planExecution(jobGraphOf(build), parallelism)
    .channels.filter((channel) => channel.edge.id === edge)
    .map(({ upstream, downstream }) => `${upstream}>${downstream}`);

const name = (value: number | string): string => String(value);

describe('An operator with fewer subtasks', () => {
  it('is not chained to others, and gets and gives elements in turn', () => {
    const { vertices, edges } = jobGraphOf((env) =>
      env
        .fromSequence(1, 2, { name: 'numbers' })
        .map(name, { name: 'few', parallelism: 2 })
        .map(name, { name: 'also-few', parallelism: 2 })
        .sinkTo(discardSink(), { name: 'all' }),
    );
    expect(vertices.map((vertex) => vertex.name)).toEqual(['numbers', 'few -> also-few', 'all']);
    expect(vertices.map((vertex) => vertex.parallelism)).toEqual([undefined, 2, undefined]);
    expect(edges.map((edge) => edge.partitioning.kind)).toEqual(['rebalance', 'rebalance']);
  });

  it('has a channel from and to each subtask that there is, and no more of them than the job', () => {
    const few = (env: StreamExecutionEnvironment): void =>
      env.fromSequence(1, 2).map(name, { parallelism: 2 }).sinkTo(discardSink());
    expect(ways(3, few, 0)).toEqual(['0>0', '0>1', '1>0', '1>1', '2>0', '2>1']);
    expect(ways(3, few, 1)).toEqual(['0>0', '0>1', '0>2', '1>0', '1>1', '1>2']);
    expect(ways(1, few, 0)).toEqual(['0>0']);
  });

  it.each([
    [4, 2, ['0>0', '1>0', '2>1', '3>1']],
    [5, 2, ['0>0', '1>0', '2>0', '3>1', '4>1']],
    [3, 3, ['0>0', '1>1', '2>2']],
  ])('is rescaled to from %d subtasks to %d in even runs', (from, to, expected) => {
    const build = (env: StreamExecutionEnvironment): void =>
      env.fromSequence(1, 2).rescale().sinkTo(discardSink(), { parallelism: to });
    expect(ways(from, build)).toEqual(expected);
  });

  it.each([
    [2, 4, ['0>0', '0>1', '1>2', '1>3']],
    [2, 5, ['0>0', '0>1', '0>2', '1>3', '1>4']],
  ])('is rescaled from, %d subtasks to %d, in even runs', (from, to, expected) => {
    const build = (env: StreamExecutionEnvironment): void =>
      env.fromSequence(1, 2, { parallelism: from }).rescale().sinkTo(discardSink());
    expect(ways(to, build)).toEqual(expected);
  });

  it('gets everything in its first subtask by global()', () => {
    const build = (env: StreamExecutionEnvironment): void =>
      env.fromSequence(1, 2).global().sinkTo(discardSink());
    expect(ways(3, build)).toEqual(['0>0', '1>0', '2>0']);
  });

  it('takes its part in checkpoints with as many subtasks, and its splits and pools are theirs', () => {
    const graph = graphOf((env) =>
      env
        .fromSequence(1, 100, { uid: 'numbers', parallelism: 2 })
        .sinkTo(discardSink(), { uid: 'out', parallelism: 1 }),
    );
    const job = describeJob(graph, { parallelism: 4, maxParallelism: 128 });
    expect(job.subtasks.map((each) => `${each.vertexId}/${each.subtaskIndex}`)).toEqual([
      '0/0',
      '0/1',
      '1/0',
    ]);
    expect(job.subtasksOf(operatorUid('numbers'), 4)).toBe(2);
    expect(job.subtasksOf(operatorUid('numbers'), 1)).toBe(1);
    const splits = [0, 1, 2].map((index) => ({ splitId: `s-${index}`, index, state: {} }));
    const metadata = metadataOf(1, {
      parallelism: 4,
      subtasks: [snapshotOf('numbers', 0, { listState: splits })],
    });
    const { deployments } = planDeployments(job, metadata);
    expect(
      deployments.map((each) => each.splits.flatMap((source) => source.splits.map(({ index }) => index))),
    ).toEqual([[0, 2], [1], [], []]);
  });

  it('changes the graph, so that another number is no silent change of where state lies', () => {
    const withParallelism = (parallelism?: number): string =>
      describeGraph(
        graphOf((env) =>
          env
            .fromSequence(1, 2)
            .map(name, { uid: 'name', ...(parallelism === undefined ? {} : { parallelism }) })
            .sinkTo(discardSink()),
        ),
      );
    expect(withParallelism(2)).toContain('uid=name parallelism=2');
    expect(withParallelism()).not.toContain('parallelism');
  });

  it.each([0, -1, 1.5, Number.NaN])(
    'can’t have %d of them: an error before the job starts',
    (parallelism) => {
      expect(() =>
        graphOf((env) => env.fromSequence(1, 2).sinkTo(discardSink(), { uid: 'out', parallelism })),
      ).toThrow(/the parallelism of operator "out" is .*: give it a whole number from 1 on/);
    },
  );
});
