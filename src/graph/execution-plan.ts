import {
  type SlotIndex,
  type SubtaskIndex,
  slotIndex,
  subtaskIndex,
  type VertexId,
} from '../protocol/ids.js';
import type { JobEdge, JobGraph } from './job-graph.js';
import { operatorParallelism } from './operator-parallelism.js';

/**
 * The channels of a job at a parallelism. Pure, and computed alike in every thread, so that a channel's
 * number means the same on both of its ends.
 */
export interface ExecutionPlan {
  readonly parallelism: number;
  readonly channels: readonly PlannedChannel[];
}

/** One upstream subtask's way to one downstream subtask over one edge. */
export interface PlannedChannel {
  readonly index: number;
  readonly edge: JobEdge;
  readonly upstream: SubtaskIndex;
  readonly downstream: SubtaskIndex;
}

export function planExecution(graph: JobGraph, parallelism: number): ExecutionPlan {
  const channels: PlannedChannel[] = [];
  for (const edge of graph.edges) {
    const upstreams = subtaskCount(graph, edge.fromVertex, parallelism);
    const downstreams = subtaskCount(graph, edge.toVertex, parallelism);
    for (let upstream = 0; upstream < upstreams; upstream += 1) {
      for (const downstream of receiversOf(edge, upstream, upstreams, downstreams)) {
        channels.push({
          index: channels.length,
          edge,
          upstream: subtaskIndex(upstream),
          downstream: subtaskIndex(downstream),
        });
      }
    }
  }
  return { parallelism, channels };
}

/** In the order in which a router numbers them. */
export function outputChannelsOf(
  plan: ExecutionPlan,
  edge: JobEdge,
  upstream: SubtaskIndex,
): PlannedChannel[] {
  return plan.channels.filter((channel) => channel.edge.id === edge.id && channel.upstream === upstream);
}

export function inputChannelsOf(
  plan: ExecutionPlan,
  vertex: VertexId,
  downstream: SubtaskIndex,
): PlannedChannel[] {
  return plan.channels.filter(
    (channel) => channel.edge.toVertex === vertex && channel.downstream === downstream,
  );
}

/** Slot i runs subtask i of every vertex. */
export function slotOf(subtask: SubtaskIndex): SlotIndex {
  return slotIndex(subtask);
}

export function crossesThreads(channel: PlannedChannel): boolean {
  return slotOf(channel.upstream) !== slotOf(channel.downstream);
}

function subtaskCount(graph: JobGraph, vertex: VertexId, parallelism: number): number {
  const found = graph.vertices[vertex];
  if (found === undefined) throw new Error(`There is no vertex ${vertex}.`);
  return operatorParallelism(found, parallelism);
}

/** Ascending: a router's channel number is the place in here, and for keyBy the downstream subtask's. */
function receiversOf(edge: JobEdge, upstream: number, upstreams: number, downstreams: number): number[] {
  const all = Array.from({ length: downstreams }, (_, downstream) => downstream);
  switch (edge.partitioning.kind) {
    case 'forward':
      return [upstream];
    case 'rescale':
      return all.filter((downstream) => isNearest(upstream, downstream, upstreams, downstreams));
    case 'global':
      return [0];
    case 'key-by':
    case 'rebalance':
    case 'shuffle':
    case 'broadcast':
    case 'custom':
      return all;
  }
}

/** As Flink's pointwise distribution: each of the more numerous subtasks has one on the other side, in even runs. */
function isNearest(upstream: number, downstream: number, upstreams: number, downstreams: number): boolean {
  return upstreams <= downstreams
    ? upstream === Math.floor((downstream * upstreams) / downstreams)
    : downstream === Math.floor((upstream * downstreams) / upstreams);
}
