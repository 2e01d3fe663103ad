import type { OperatorNode, Partitioning, StreamEdge } from '../graph/stream-graph.js';
import type { StreamGraphBuilder } from '../graph/stream-graph-builder.js';
import type { Key } from '../key-groups/key.js';
import { AsyncWaitOperator, type OutputMode } from '../operators/async-wait-operator.js';
import { FilterOperator } from '../operators/filter-operator.js';
import { FlatMapOperator } from '../operators/flat-map-operator.js';
import { MapOperator } from '../operators/map-operator.js';
import { ProcessOperator } from '../operators/process-operator.js';
import type { OperatorContext, StreamOperator } from '../operators/stream-operator.js';
import { MillraceError } from '../protocol/failures.js';
import type { Sink } from '../sinks/sink.js';
import type { Window } from '../windows/window.js';
import type { WindowAssigner } from '../windows/window-assigner.js';
import type { AsyncFunction, AsyncInvoke, AsyncOptions } from './async-function.js';
import { asyncCallSettings, asyncFunctionOf, asyncOptionNames } from './async-settings.js';
import {
  BroadcastConnectedStream,
  type BroadcastStateDescriptor,
  BroadcastStream,
} from './broadcast-stream.js';
import { ConnectedStreams, keyedBy } from './connected-streams.js';
import type { DeepReadonly } from './deep-readonly.js';
import type {
  FilterFunction,
  FlatMapFunction,
  KeySelector,
  MapFunction,
  ProcessFunction,
} from './functions.js';
import { KeyedStream, type StreamFactory } from './keyed-stream.js';
import { type OperatorOptions, operatorOptionNames, readOperatorOptions } from './operator-options.js';
import type { OutputTag } from './output-tag.js';
import { requireMethod } from './require-method.js';
import { CoGroupedStreams, JoinedStreams } from './windowed-join.js';
import type { WindowedStream } from './windowed-stream.js';

/** A stream of elements of one type. Each method describes an operator and gives the stream of its results. */
export class DataStream<T> {
  protected readonly builder: StreamGraphBuilder;
  /** The edges that the next operator reads; several after `union`. */
  protected readonly edges: readonly StreamOrigin[];

  constructor(builder: StreamGraphBuilder, ...edges: readonly StreamOrigin[]) {
    this.builder = builder;
    this.edges = edges;
  }

  /** The main output of a node. */
  static from<T>(builder: StreamGraphBuilder, nodeId: number): DataStream<T> {
    return new DataStream<T>(builder, {
      from: nodeId,
      sideOutput: undefined,
      partitioning: { kind: 'forward' },
    });
  }

  map<R>(fn: MapFunction<T, R>, options: OperatorOptions = {}): DataStream<R> {
    return this.addOperator<R>(
      'map',
      options,
      (context) => new MapOperator<T, R>(fn, context as OperatorContext<R>),
    );
  }

  filter<S extends DeepReadonly<T>>(
    fn: (value: DeepReadonly<T>) => value is S,
    options?: OperatorOptions,
  ): DataStream<S>;
  filter(fn: FilterFunction<T>, options?: OperatorOptions): DataStream<T>;
  filter(fn: FilterFunction<T>, options: OperatorOptions = {}): DataStream<T> {
    return this.addOperator<T>(
      'filter',
      options,
      (context) => new FilterOperator<T>(fn, context as OperatorContext<T>),
    );
  }

  flatMap<R>(fn: FlatMapFunction<T, R>, options: OperatorOptions = {}): DataStream<R> {
    return this.addOperator<R>(
      'flat-map',
      options,
      (context) => new FlatMapOperator<T, R>(fn, context as OperatorContext<R>),
    );
  }

  /** Runs a function that may emit to side outputs; for state and timers, `keyBy` first. */
  process<R>(fn: ProcessFunction<T, R>, options: OperatorOptions = {}): DataStream<R> {
    requireMethod(fn, 'processElement', 'process takes an object of a class that extends ProcessFunction');
    const name = options.name ?? options.uid ?? fn.constructor.name;
    return this.addOperator<R>(
      'process',
      { ...options, name },
      (context) => new ProcessOperator<T, R>(fn, context as OperatorContext<R>),
    );
  }

  /**
   * Asks about each element and emits the results in the elements' order (Flink's AsyncDataStream.orderedWait):
   * one that takes long holds up those behind it.
   */
  orderedWait<R>(fn: AsyncFunction<T, R> | AsyncInvoke<T, R>, options: AsyncOptions<R>): DataStream<R> {
    return this.asyncWait('ordered', fn, options);
  }

  /**
   * Asks about each element and emits the results as they come (Flink's AsyncDataStream.unorderedWait). A
   * result stays between the watermarks that its element came between.
   */
  unorderedWait<R>(fn: AsyncFunction<T, R> | AsyncInvoke<T, R>, options: AsyncOptions<R>): DataStream<R> {
    return this.asyncWait('unordered', fn, options);
  }

  /** Brings all elements of a key to one subtask, in the order in which each upstream subtask sent them. */
  keyBy<K extends Key>(keySelector: KeySelector<T, K>): KeyedStream<T, K> {
    const edges = keyedBy(this.edges, keySelector);
    return new KeyedStream<T, K>(this.builder, keySelector, edges, this.streamFactory());
  }

  /** Reads both streams with one function, which knows their elements apart. */
  connect<B>(other: DataStream<B>): ConnectedStreams<T, B>;
  /** Reads a broadcast stream beside this one, and shares its broadcast states with it. */
  connect<B>(other: BroadcastStream<B>): BroadcastConnectedStream<T, B>;
  connect<B>(
    other: DataStream<B> | BroadcastStream<B>,
  ): ConnectedStreams<T, B> | BroadcastConnectedStream<T, B> {
    assertUnkeyed(other);
    const second = other instanceof BroadcastStream ? other.origins : other.edges;
    const input = { builder: this.builder, first: this.edges, second, streamFrom: this.streamFactory() };
    return other instanceof BroadcastStream
      ? new BroadcastConnectedStream<T, B>(input, other.descriptors)
      : new ConnectedStreams<T, B>(input);
  }

  /** Windows over all elements, of whatever key; one subtask does all of the work. */
  windowAll<W extends Window>(assigner: WindowAssigner<W>): WindowedStream<T, number, W> {
    return this.keyBy(() => 0).window(assigner);
  }

  /** Pairs of elements of one key and window: `.where(key).equalTo(key).window(assigner).apply(fn)`. */
  join<B>(other: DataStream<B>): JoinedStreams<T, B> {
    return new JoinedStreams<T, B>(this, other);
  }

  /** The elements of one key and window, of both streams, side by side. */
  coGroup<B>(other: DataStream<B>): CoGroupedStreams<T, B> {
    return new CoGroupedStreams<T, B>(this, other);
  }

  /** The elements of both streams, in no particular order between them. */
  union(...others: readonly DataStream<T>[]): DataStream<T> {
    return new DataStream<T>(this.builder, ...this.edges, ...others.flatMap((other) => other.edges));
  }

  /** What the operator just described emits to `tag`. */
  sideOutput<S>(tag: OutputTag<S>): DataStream<S> {
    const origins = this.edges.map(
      (edge): StreamOrigin => ({ ...edge, sideOutput: tag.name, partitioning: { kind: 'forward' } }),
    );
    return new DataStream<S>(this.builder, ...origins);
  }

  /** Spreads elements evenly over all subtasks of the next operator. */
  rebalance(): DataStream<T> {
    return this.repartition({ kind: 'rebalance' });
  }

  /** Spreads evenly over the subtasks that lie nearest (Flink's rescale). */
  rescale(): DataStream<T> {
    return this.repartition({ kind: 'rescale' });
  }

  /** Spreads without a pattern, evenly in the long run. */
  shuffle(): DataStream<T> {
    return this.repartition({ kind: 'shuffle' });
  }

  /** Gives all elements to the first subtask of the next operator. */
  global(): DataStream<T> {
    return this.repartition({ kind: 'global' });
  }

  /** Gives every element to every subtask of the next operator. */
  broadcast(): DataStream<T>;
  /** The same, for a function that puts them into these broadcast states: `stream.connect(rules.broadcast(descriptor))`. */
  broadcast(
    descriptor: BroadcastStateDescriptor,
    ...more: readonly BroadcastStateDescriptor[]
  ): BroadcastStream<T>;
  broadcast(...descriptors: readonly BroadcastStateDescriptor[]): DataStream<T> | BroadcastStream<T> {
    if (descriptors.length === 0) return this.repartition({ kind: 'broadcast' });
    return new BroadcastStream<T>(this.edges, descriptors);
  }

  /** Lets a function choose the subtask, 0 … numberOfChannels-1; any other answer fails the job, naming `name`. */
  partitionCustom(
    name: string,
    selectChannel: (value: DeepReadonly<T>, numberOfChannels: number) => number,
  ): DataStream<T> {
    return this.repartition({ kind: 'custom', name, selectChannel });
  }

  sinkTo(sink: Sink<T>, options: OperatorOptions = {}): void {
    requireMethod(sink, 'createWriter', 'sinkTo takes a sink, such as kafkaSink({ … })');
    this.builder.add({
      kind: 'sink',
      ...readOperatorOptions(this.builder, options, sink.kind),
      inputs: this.inputs(),
      sink: sink as Sink<unknown>,
    });
  }

  private repartition(partitioning: Partitioning): DataStream<T> {
    return new DataStream<T>(this.builder, ...this.edges.map((edge) => ({ ...edge, partitioning })));
  }

  protected inputs(): StreamEdge[] {
    return this.edges.map((edge) => ({ ...edge, inputIndex: 0 }));
  }

  private streamFactory(): StreamFactory {
    return <Out>(nodeId: number) => DataStream.from<Out>(this.builder, nodeId);
  }

  private asyncWait<R>(
    outputMode: OutputMode,
    fn: AsyncFunction<T, R> | AsyncInvoke<T, R>,
    options: AsyncOptions<R>,
  ): DataStream<R> {
    const operatorKind = `${outputMode}-wait`;
    const name = options.name ?? options.uid ?? operatorKind;
    const settings = { outputMode, ...asyncCallSettings(options, name, this.builder) };
    const asyncFunction = asyncFunctionOf(fn);
    return this.addOperator<R>(
      operatorKind,
      options,
      (context) => new AsyncWaitOperator<T, R>(asyncFunction, settings, context as OperatorContext<R>),
      { chainingStrategy: 'head' },
      asyncOptionNames,
    );
  }

  private addOperator<R>(
    operatorKind: string,
    options: OperatorOptions,
    createOperator: (context: OperatorContext<unknown>) => StreamOperator<never>,
    chaining: Pick<OperatorNode, 'chainingStrategy'> = {},
    known: object = operatorOptionNames,
  ): DataStream<R> {
    const id = this.builder.add({
      kind: 'operator',
      operatorKind,
      ...readOperatorOptions(this.builder, options, operatorKind, known),
      inputs: this.inputs(),
      isKeyed: false,
      ...chaining,
      createOperator,
    });
    return DataStream.from<R>(this.builder, id);
  }
}

/** For callers whom no type checker told. */
function assertUnkeyed(other: unknown): void {
  if (!(other instanceof KeyedStream)) return;
  throw new MillraceError(
    'A stream is connected with a keyed one: give it its keyBy(…) too, or connect them before keyBy.',
    { domain: 'user-code', action: 'fail-job' },
  );
}

/** Where a stream's elements come from, before it is known which operator reads them. */
export type StreamOrigin = Omit<StreamEdge, 'inputIndex'>;
