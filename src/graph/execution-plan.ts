import {
  type SlotIndex,
  type SubtaskIndex,
  slotIndex,
  subtaskIndex,
  type VertexId,
} from '../protocol/ids.js';
import type { JobEdge, JobGraph } from './job-graph.js';

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
    for (let upstream = 0; upstream < parallelism; upstream += 1) {
      for (const downstream of receiversOf(edge, upstream, parallelism)) {
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

function receiversOf(edge: JobEdge, upstream: number, parallelism: number): number[] {
  switch (edge.partitioning.kind) {
    // With one parallelism for all operators, the nearest subtask of rescale is the same one.
    case 'forward':
    case 'rescale':
      return [upstream];
    case 'key-by':
    case 'rebalance':
    case 'broadcast':
    case 'custom':
      return Array.from({ length: parallelism }, (_, downstream) => downstream);
  }
}
