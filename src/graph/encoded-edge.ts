import type { EncodedRecordDecoder } from '../exchange/encoded-record.js';
import type { RelayedFields } from '../exchange/encoded-record-relay.js';
import type { JobEdge, JobGraph } from './job-graph.js';
import { selectedField } from './selected-field.js';
import type { SourceNode } from './stream-graph.js';

/** What the two ends of an edge need whose records go on as their source read them. */
export interface EncodedEdge {
  readonly fields: RelayedFields;
  readonly decoder: EncodedRecordDecoder;
}

/**
 * Whether an edge's records can cross threads encoded: they come straight from a source that allows it, are keyed by
 * a field that can be found in the bytes, and nothing else on the way looks into them. Invariant: both ends of an
 * edge get the same answer, since it follows from the graph alone.
 */
export function encodedEdge(graph: JobGraph, edge: JobEdge): EncodedEdge | undefined {
  const { partitioning, sideOutput } = edge;
  const node = graph.vertices[edge.fromVertex]?.nodes.find(({ id }) => id === edge.fromNode);
  if (node?.kind !== 'source' || sideOutput !== undefined || partitioning.kind !== 'key-by') return undefined;
  // A generator is shown every element.
  if (node.watermarks?.kind === 'generator') return undefined;
  const records = node.source.encodedRecords;
  const keyField = selectedField(partitioning.keySelector);
  if (records === undefined || keyField === undefined || readersOf(graph, edge) > 1) return undefined;
  const key = records.stringFinder(keyField);
  const timestampOf = timestampSelector(node);
  const timestampField = timestampOf && selectedField(timestampOf);
  const timestamp = timestampField === undefined ? undefined : records.integerFinder(timestampField);
  if (key === undefined || (timestampOf !== undefined && timestamp === undefined)) return undefined;
  return { fields: { key, timestamp }, decoder: records.decoder(node.name) };
}

function readersOf(graph: JobGraph, { fromNode, fromVertex }: JobEdge): number {
  const chained = graph.vertices[fromVertex]?.nodes ?? [];
  const inputs = chained.slice(1).flatMap((node) => node.inputs);
  return (
    inputs.filter((input) => input.from === fromNode && input.sideOutput === undefined).length +
    graph.edges.filter((other) => other.fromNode === fromNode && other.sideOutput === undefined).length
  );
}

function timestampSelector({ watermarks }: SourceNode): ((...values: never[]) => unknown) | undefined {
  return watermarks === undefined || watermarks.kind === 'none' ? undefined : watermarks.timestampOf;
}
