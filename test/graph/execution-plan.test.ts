import { describe, expect, it } from 'vitest';
import type { StreamExecutionEnvironment } from '../../src/api/environment.js';
import { defineJob } from '../../src/api/job.js';
import {
  crossesThreads,
  inputChannelsOf,
  outputChannelsOf,
  planExecution,
} from '../../src/graph/execution-plan.js';
import { chainOperators } from '../../src/graph/job-graph.js';
import { subtaskIndex, vertexId } from '../../src/protocol/ids.js';
import { discardSink } from '../../src/sinks/discard-sink.js';

function planOf(parallelism: number, build: (env: StreamExecutionEnvironment) => void) {
  const graph = chainOperators(defineJob('test', build).buildGraph());
  return { graph, plan: planExecution(graph, parallelism) };
}

const ways = (channels: readonly { upstream: number; downstream: number }[]): string[] =>
  channels.map(({ upstream, downstream }) => `${upstream}>${downstream}`);

describe('The execution plan', () => {
  it.each(['rebalance', 'broadcast'] as const)('gives %s a channel from each subtask to each', (kind) => {
    const { plan } = planOf(2, (env) => env.fromCollection([1])[kind]().sinkTo(discardSink()));
    expect(ways(plan.channels)).toEqual(['0>0', '0>1', '1>0', '1>1']);
    expect(plan.channels.filter(crossesThreads).map((channel) => channel.index)).toEqual([1, 2]);
  });

  it('keeps rescale, and a union’s inputs, within the slot', () => {
    const { plan } = planOf(3, (env) => {
      env.fromCollection([1]).rescale().sinkTo(discardSink());
      env
        .fromCollection([1])
        .union(env.fromCollection([2]))
        .sinkTo(discardSink());
    });
    expect(new Set(ways(plan.channels))).toEqual(new Set(['0>0', '1>1', '2>2']));
    expect(plan.channels.filter(crossesThreads)).toEqual([]);
  });

  it('numbers the channels alike for both of their ends, by place and by receiver', () => {
    const { graph, plan } = planOf(3, (env) => {
      const left = env.fromCollection([1]).rebalance();
      left.union(env.fromCollection([2]).broadcast()).sinkTo(discardSink());
    });
    expect(plan.channels.map((channel) => channel.index)).toEqual([...plan.channels.keys()]);
    const sink = vertexId(2);
    const received = inputChannelsOf(plan, sink, subtaskIndex(1));
    expect(ways(received)).toEqual(['0>1', '1>1', '2>1', '0>1', '1>1', '2>1']);
    const sent = graph.edges.flatMap((edge) =>
      [0, 1, 2].flatMap((upstream) => outputChannelsOf(plan, edge, subtaskIndex(upstream))),
    );
    expect(sent.filter((channel) => channel.downstream === 1)).toEqual(received);
    // A router's channel number is the downstream subtask's.
    expect(outputChannelsOf(plan, graph.edges[0]!, subtaskIndex(2)).map((each) => each.downstream)).toEqual([
      0, 1, 2,
    ]);
  });
});
