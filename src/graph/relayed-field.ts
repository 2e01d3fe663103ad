import type { FieldFinder } from '../codecs/value-codec.js';
import type { EncodedRecordDecoder } from '../exchange/encoded-record.js';
import type { JobEdge, JobGraph } from './job-graph.js';
import { selectedField } from './selected-field.js';
import type { SourceNode } from './stream-graph.js';

/** What the two ends of an edge need whose records go on as their source read them. */
export interface RelayedField {
  readonly field: FieldFinder;
  readonly decoder: EncodedRecordDecoder;
}

/**
 * Whether an edge's records can cross threads encoded: they come straight from a source that allows it, are keyed by
 * a field that can be found in the bytes, and nothing else on the way looks into them. Invariant: both ends of an
 * edge get the same answer, since it follows from the graph alone.
 */
export function relayedField(graph: JobGraph, edge: JobEdge): RelayedField | undefined {
  const { partitioning, sideOutput } = edge;
  const node = graph.vertices[edge.fromVertex]?.nodes.find(({ id }) => id === edge.fromNode);
  if (node?.kind !== 'source' || sideOutput !== undefined || partitioning.kind !== 'key-by') return undefined;
  if (readersOf(graph, edge) > 1 || readsTimestamps(node)) return undefined;
  const name = selectedField(partitioning.keySelector);
  const field = name === undefined ? undefined : node.source.encodedRecords?.fieldFinder(name);
  const decoder = node.source.encodedRecords?.decoder(node.name);
  return field === undefined || decoder === undefined ? undefined : { field, decoder };
}

function readersOf(graph: JobGraph, { fromNode, fromVertex }: JobEdge): number {
  const chained = graph.vertices[fromVertex]?.nodes ?? [];
  const inputs = chained.slice(1).flatMap((node) => node.inputs);
  return (
    inputs.filter((input) => input.from === fromNode && input.sideOutput === undefined).length +
    graph.edges.filter((other) => other.fromNode === fromNode && other.sideOutput === undefined).length
  );
}

function readsTimestamps({ watermarks }: SourceNode): boolean {
  return watermarks !== undefined && watermarks.kind !== 'none' && watermarks.timestampOf !== undefined;
}
