import type { StreamEdge } from '../graph/stream-graph.js';
import type { StreamGraphBuilder } from '../graph/stream-graph-builder.js';
import type { Key } from '../key-groups/key.js';
import { KeyedProcessOperator } from '../operators/keyed-process-operator.js';
import type { OperatorContext } from '../operators/stream-operator.js';
import type { DataStream, StreamOrigin } from './data-stream.js';
import type { KeyedProcessFunction, KeySelector } from './functions.js';
import type { OperatorOptions } from './operator-options.js';

/** A stream whose elements of one key all reach the same subtask, so that state can be kept per key. */
export class KeyedStream<T, K extends Key> {
  private readonly builder: StreamGraphBuilder;
  private readonly keySelector: KeySelector<T, K>;
  private readonly edges: readonly StreamOrigin[];
  private readonly streamFrom: StreamFactory;

  /** `streamFrom` makes the stream of an operator's results; given, so that the two classes' files don't import each other. */
  constructor(
    builder: StreamGraphBuilder,
    keySelector: KeySelector<T, K>,
    edges: readonly StreamOrigin[],
    streamFrom: StreamFactory,
  ) {
    this.builder = builder;
    this.keySelector = keySelector;
    this.edges = edges;
    this.streamFrom = streamFrom;
  }

  /** Runs a function with state and timers per key. */
  process<Out>(fn: KeyedProcessFunction<K, T, Out>, options: OperatorOptions = {}): DataStream<Out> {
    const { keySelector } = this;
    const inputs = this.edges.map((edge): StreamEdge => ({ ...edge, inputIndex: 0 }));
    const id = this.builder.add({
      kind: 'operator',
      operatorKind: 'keyed-process',
      uid: options.uid,
      name: options.name ?? options.uid ?? fn.constructor.name,
      inputs,
      keySelector,
      createOperator: (context) =>
        new KeyedProcessOperator<K, T, Out>(fn, keySelector, context as OperatorContext<Out>),
    });
    return this.streamFrom<Out>(id);
  }
}

export type StreamFactory = <Out>(nodeId: number) => DataStream<Out>;
