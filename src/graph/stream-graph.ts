import type { WatermarkStrategy } from '../api/watermarks.js';
import type { Routing } from '../exchange/record-router.js';
import type { OperatorContext, StreamOperator } from '../operators/stream-operator.js';
import type { JobName, OperatorUid } from '../protocol/ids.js';
import type { Sink } from '../sinks/sink.js';
import type { Source } from '../sources/source.js';

/**
 * The job as the user wrote it, one node an operator. Every thread builds it by running the job module, so
 * it may hold functions; what crosses threads are only numbers that refer to it. Invariant: two builds of
 * the same module give the same nodes in the same order (see graph-hash).
 */
export interface StreamGraph {
  readonly jobName: JobName;
  /** In topological order; a node's id is its place. */
  readonly nodes: readonly StreamNode[];
}

export type StreamNode = SourceNode | OperatorNode | SinkNode;

interface NodeBase {
  readonly id: number;
  readonly uid: OperatorUid;
  readonly name: string;
  /** At most so many subtasks; undefined for the job's parallelism. */
  readonly parallelism: number | undefined;
  readonly inputs: readonly StreamEdge[];
}

export interface SourceNode extends NodeBase {
  readonly kind: 'source';
  readonly source: Source<unknown>;
  readonly watermarks: WatermarkStrategy<unknown> | undefined;
}

export interface OperatorNode extends NodeBase {
  readonly kind: 'operator';
  /** What it does, in one word, for the graph's hash. */
  readonly operatorKind: string;
  /** A keyed operator gets a keyed state backend and is always the head of its chain. */
  readonly isKeyed: boolean;
  /** `head`: never called directly by the operator before it (Flink's ChainingStrategy.HEAD). */
  readonly chainingStrategy?: 'head';
  readonly createOperator: (context: OperatorContext<unknown>) => StreamOperator<never>;
}

export interface SinkNode extends NodeBase {
  readonly kind: 'sink';
  readonly sink: Sink<unknown>;
}

export interface StreamEdge {
  readonly from: number;
  /** The side output it reads; undefined for the main output. */
  readonly sideOutput: string | undefined;
  /** Which input of the receiving operator it feeds: 0, or 1 for the second of a two-input operator. */
  readonly inputIndex: number;
  readonly partitioning: Partitioning;
}

/** How an edge spreads its records over the next operator's subtasks. */
export type Partitioning = Routing;
