import type { StreamEdge } from '../graph/stream-graph.js';
import type { StreamGraphBuilder } from '../graph/stream-graph-builder.js';
import type { Key } from '../key-groups/key.js';
import { CoProcessOperator } from '../operators/co-process-operator.js';
import { FlatMapOperator } from '../operators/flat-map-operator.js';
import { KeyedCoProcessOperator } from '../operators/keyed-co-process-operator.js';
import { MapOperator } from '../operators/map-operator.js';
import type { OperatorContext, StreamOperator } from '../operators/stream-operator.js';
import { TwoInputOperator } from '../operators/two-input-operator.js';
import type {
  CoFlatMapFunction,
  CoMapFunction,
  CoProcessFunction,
  KeyedCoProcessFunction,
} from './co-functions.js';
import type { DataStream, StreamOrigin } from './data-stream.js';
import type { KeySelector } from './functions.js';
import type { StreamFactory } from './keyed-stream.js';
import { type OperatorOptions, readOperatorOptions } from './operator-options.js';

/** Two streams of different elements that one function reads. For state and timers per key, `keyBy` both. */
export class ConnectedStreams<A, B> {
  private readonly input: ConnectedInput;

  constructor(input: ConnectedInput) {
    this.input = input;
  }

  map<Out>(fn: CoMapFunction<A, B, Out>, options: OperatorOptions = {}): DataStream<Out> {
    return addCoMap(this.input, fn, options);
  }

  flatMap<Out>(fn: CoFlatMapFunction<A, B, Out>, options: OperatorOptions = {}): DataStream<Out> {
    return addCoFlatMap(this.input, fn, options);
  }

  process<Out>(fn: CoProcessFunction<A, B, Out>, options: OperatorOptions = {}): DataStream<Out> {
    const name = fn.constructor.name;
    return addTwoInputOperator<Out>(
      this.input,
      { kind: 'co-process', name, isKeyed: false },
      options,
      (context) => new CoProcessOperator<A, B, Out>(fn, context),
    );
  }

  /** Brings the elements of a key, of both streams, to one subtask. */
  keyBy<K extends Key>(
    firstKey: KeySelector<A, K>,
    secondKey: KeySelector<B, NoInfer<K>>,
  ): KeyedConnectedStreams<A, B, K> {
    const { first, second } = this.input;
    return new KeyedConnectedStreams<A, B, K>(
      { ...this.input, first: keyedBy(first, firstKey), second: keyedBy(second, secondKey) },
      firstKey,
      secondKey,
    );
  }
}

/** Two streams with the same keys, read by one function that keeps state and timers per key. */
export class KeyedConnectedStreams<A, B, K extends Key> {
  private readonly input: ConnectedInput;
  private readonly firstKey: KeySelector<A, K>;
  private readonly secondKey: KeySelector<B, K>;

  constructor(input: ConnectedInput, firstKey: KeySelector<A, K>, secondKey: KeySelector<B, K>) {
    this.input = input;
    this.firstKey = firstKey;
    this.secondKey = secondKey;
  }

  map<Out>(fn: CoMapFunction<A, B, Out>, options: OperatorOptions = {}): DataStream<Out> {
    return addCoMap(this.input, fn, options);
  }

  flatMap<Out>(fn: CoFlatMapFunction<A, B, Out>, options: OperatorOptions = {}): DataStream<Out> {
    return addCoFlatMap(this.input, fn, options);
  }

  process<Out>(fn: KeyedCoProcessFunction<K, A, B, Out>, options: OperatorOptions = {}): DataStream<Out> {
    const { firstKey, secondKey } = this;
    const name = fn.constructor.name;
    return addTwoInputOperator<Out>(
      this.input,
      { kind: 'keyed-co-process', name, isKeyed: true },
      options,
      (context) => new KeyedCoProcessOperator<K, A, B, Out>(fn, firstKey, secondKey, context),
    );
  }
}

/** The two sides, before it is known which operator reads them. */
export interface ConnectedInput {
  readonly builder: StreamGraphBuilder;
  readonly first: readonly StreamOrigin[];
  readonly second: readonly StreamOrigin[];
  readonly streamFrom: StreamFactory;
}

/** Describes an operator whose input 0 are the first side's elements, and input 1 the second's. */
export function addTwoInputOperator<Out>(
  { builder, first, second, streamFrom }: ConnectedInput,
  { kind, name, isKeyed }: TwoInputKind,
  options: OperatorOptions,
  createOperator: (context: OperatorContext<Out>) => StreamOperator<never>,
): DataStream<Out> {
  const id = builder.add({
    kind: 'operator',
    operatorKind: kind,
    ...readOperatorOptions(builder, options, name),
    inputs: [...edgesInto(0, first), ...edgesInto(1, second)],
    isKeyed,
    createOperator: (context) => createOperator(context as OperatorContext<Out>),
  });
  return streamFrom<Out>(id);
}

export interface TwoInputKind {
  /** In one word, for the graph's hash. */
  readonly kind: string;
  /** For people, where the options give none. */
  readonly name: string;
  readonly isKeyed: boolean;
}

/** The edges of a stream, with its elements brought to their keys' subtasks. */
export function keyedBy<T>(
  origins: readonly StreamOrigin[],
  keySelector: KeySelector<T, Key>,
): StreamOrigin[] {
  return origins.map((origin) => ({ ...origin, partitioning: { kind: 'key-by', keySelector } }));
}

function edgesInto(inputIndex: number, origins: readonly StreamOrigin[]): StreamEdge[] {
  return origins.map((origin) => ({ ...origin, inputIndex }));
}

function addCoMap<A, B, Out>(
  input: ConnectedInput,
  fn: CoMapFunction<A, B, Out>,
  options: OperatorOptions,
): DataStream<Out> {
  const kind = { kind: 'co-map', name: 'co-map', isKeyed: false };
  return addTwoInputOperator<Out>(input, kind, options, (context) => {
    const first = new MapOperator<A, Out>((value) => fn.map1(value), context);
    const second = new MapOperator<B, Out>((value) => fn.map2(value), context);
    return new TwoInputOperator(first, second, context);
  });
}

function addCoFlatMap<A, B, Out>(
  input: ConnectedInput,
  fn: CoFlatMapFunction<A, B, Out>,
  options: OperatorOptions,
): DataStream<Out> {
  const kind = { kind: 'co-flat-map', name: 'co-flat-map', isKeyed: false };
  return addTwoInputOperator<Out>(input, kind, options, (context) => {
    const first = new FlatMapOperator<A, Out>((value, out) => fn.flatMap1(value, out), context);
    const second = new FlatMapOperator<B, Out>((value, out) => fn.flatMap2(value, out), context);
    return new TwoInputOperator(first, second, context);
  });
}
