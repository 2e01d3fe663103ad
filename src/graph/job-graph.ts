import { type JobName, type VertexId, vertexId } from '../protocol/ids.js';
import type { Partitioning, StreamEdge, StreamGraph, StreamNode } from './stream-graph.js';

/**
 * The stream graph with its operators chained: operators between which nothing is exchanged run as plain
 * function calls in one vertex. Only across vertices do elements go through channels. Invariant: a keyed
 * operator is the head of its vertex, since its records come through an exchange.
 */
export interface JobGraph {
  readonly jobName: JobName;
  /** In topological order; a vertex's id is its place. */
  readonly vertices: readonly JobVertex[];
  readonly edges: readonly JobEdge[];
}

export interface JobVertex {
  readonly id: VertexId;
  /** The chained operators' names, joined as Flink shows them. */
  readonly name: string;
  /** In topological order; the first is the head, which reads the vertex's input (or is the source). */
  readonly nodes: readonly StreamNode[];
  /** At most so many subtasks; undefined for the job's parallelism. The same of all its nodes. */
  readonly parallelism: number | undefined;
}

export interface JobEdge {
  readonly id: number;
  readonly fromVertex: VertexId;
  readonly fromNode: number;
  readonly sideOutput: string | undefined;
  readonly toVertex: VertexId;
  readonly inputIndex: number;
  readonly partitioning: Partitioning;
}

export function chainOperators(graph: StreamGraph): JobGraph {
  const nodesOfVertex: StreamNode[][] = [];
  const vertexOfNode = new Map<number, number>();
  const edges: JobEdge[] = [];
  for (const node of graph.nodes) {
    const chainedTo = chainableInput(node, graph.nodes);
    if (chainedTo !== undefined) {
      const vertex = placeOf(vertexOfNode, chainedTo.from);
      nodesOfVertex[vertex]?.push(node);
      vertexOfNode.set(node.id, vertex);
      continue;
    }
    const vertex = nodesOfVertex.length;
    nodesOfVertex.push([node]);
    vertexOfNode.set(node.id, vertex);
    for (const input of node.inputs) {
      edges.push({
        id: edges.length,
        fromVertex: vertexId(placeOf(vertexOfNode, input.from)),
        fromNode: input.from,
        sideOutput: input.sideOutput,
        toVertex: vertexId(vertex),
        inputIndex: input.inputIndex,
        partitioning: partitioningOf(input, node, graph.nodes),
      });
    }
  }
  const vertices = nodesOfVertex.map((nodes, index) => ({
    id: vertexId(index),
    name: nodes.map((node) => node.name).join(' -> '),
    nodes,
    parallelism: nodes[0]?.parallelism,
  }));
  return { jobName: graph.jobName, vertices, edges };
}

/** The edge along which a node can be called directly: its only input, and nothing is redistributed on it. */
function chainableInput(node: StreamNode, nodes: readonly StreamNode[]): StreamEdge | undefined {
  const [only, ...others] = node.inputs;
  if (only === undefined || others.length > 0) return undefined;
  if (node.kind === 'operator' && node.chainingStrategy === 'head') return undefined;
  return partitioningOf(only, node, nodes).kind === 'forward' ? only : undefined;
}

/** Between different numbers of subtasks nothing can simply go on to the next: it is spread evenly, as in Flink. */
function partitioningOf(input: StreamEdge, node: StreamNode, nodes: readonly StreamNode[]): Partitioning {
  const isForward = input.partitioning.kind === 'forward';
  return isForward && nodes[input.from]?.parallelism !== node.parallelism
    ? { kind: 'rebalance' }
    : input.partitioning;
}

function placeOf(places: ReadonlyMap<number, number>, node: number): number {
  const place = places.get(node);
  if (place === undefined) throw new Error(`Node ${node} is read before it is defined.`);
  return place;
}
