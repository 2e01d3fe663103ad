import type { StreamEdge } from '../graph/stream-graph.js';
import type { StreamGraphBuilder } from '../graph/stream-graph-builder.js';
import type { Key } from '../key-groups/key.js';
import { KeyedAsyncProcessOperator } from '../operators/keyed-async-process-operator.js';
import { KeyedProcessOperator } from '../operators/keyed-process-operator.js';
import { KeyedReduceFunction } from '../operators/keyed-reduce-function.js';
import type { OperatorContext } from '../operators/stream-operator.js';
import { MillraceError } from '../protocol/failures.js';
import { GlobalWindows } from '../windows/assigners/global-windows.js';
import { CountTrigger } from '../windows/triggers/count-trigger.js';
import { PurgingTrigger } from '../windows/triggers/purging-trigger.js';
import type { GlobalWindow, Window } from '../windows/window.js';
import type { WindowAssigner } from '../windows/window-assigner.js';
import type { ReduceFunction } from './aggregate-function.js';
import type { AsyncOptions } from './async-function.js';
import { asyncCallSettings, asyncOptionNames } from './async-settings.js';
import { BroadcastStream, KeyedBroadcastConnectedStream } from './broadcast-stream.js';
import { type ConnectedInput, KeyedConnectedStreams } from './connected-streams.js';
import type { DataStream, StreamOrigin } from './data-stream.js';
import type { KeyedProcessFunction, KeySelector } from './functions.js';
import { IntervalJoin } from './interval-join.js';
import type { KeyedAsyncProcessFunction } from './keyed-async-process-function.js';
import { type OperatorOptions, readOperatorOptions } from './operator-options.js';
import { requireMethod } from './require-method.js';
import { type WindowedInput, WindowedStream } from './windowed-stream.js';

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

  /** Puts each key's elements into windows. */
  window<W extends Window>(assigner: WindowAssigner<W>): WindowedStream<T, K, W> {
    const trigger = assigner.defaultTrigger;
    const settings = {
      assigner,
      trigger,
      allowedLatenessMs: 0,
      lateDataTag: undefined,
      lastElements: undefined,
    };
    return new WindowedStream<T, K, W>(this.parts(), settings);
  }

  /** Windows of `size` elements of a key each; or, with `slide`, after each `slide` elements the newest `size`. */
  countWindow(size: number, slide?: number): WindowedStream<T, K, GlobalWindow> {
    const trigger = slide === undefined ? PurgingTrigger.of(CountTrigger.of(size)) : CountTrigger.of(slide);
    if (!Number.isSafeInteger(size) || size < 1) {
      this.builder.addMistake(`a count window of ${size} elements: give it a whole number from 1 on`);
    }
    return new WindowedStream<T, K, GlobalWindow>(this.parts(), {
      assigner: GlobalWindows.create(),
      trigger,
      allowedLatenessMs: 0,
      lateDataTag: undefined,
      lastElements: slide === undefined ? undefined : size,
    });
  }

  /** For each element, what all elements of its key so far come to, taken together two by two. */
  reduce(reduce: ReduceFunction<T>, options: OperatorOptions = {}): DataStream<T> {
    const name = options.name ?? options.uid ?? 'reduce';
    return this.process(new KeyedReduceFunction<K, T>(reduce), { ...options, name });
  }

  /** Runs a function with state and timers per key. */
  process<Out>(fn: KeyedProcessFunction<K, T, Out>, options: OperatorOptions = {}): DataStream<Out> {
    requireMethod(
      fn,
      'processElement',
      'process takes an object of a class that extends KeyedProcessFunction',
    );
    const { keySelector } = this;
    const inputs = this.edges.map((edge): StreamEdge => ({ ...edge, inputIndex: 0 }));
    const id = this.builder.add({
      kind: 'operator',
      operatorKind: 'keyed-process',
      ...readOperatorOptions(this.builder, options, fn.constructor.name),
      inputs,
      isKeyed: true,
      createOperator: (context) =>
        new KeyedProcessOperator<K, T, Out>(fn, keySelector, context as OperatorContext<Out>),
    });
    return this.streamFrom<Out>(id);
  }

  /**
   * Runs a function with state and timers per key that may ask the outside world before it processes an
   * element. Each key's elements keep their order.
   */
  processAsync<Answer, Out>(
    fn: KeyedAsyncProcessFunction<K, T, Answer, Out>,
    options: AsyncOptions<Answer>,
  ): DataStream<Out> {
    const { keySelector } = this;
    const name = options.name ?? options.uid ?? fn.constructor.name;
    const settings = asyncCallSettings(options, name, this.builder);
    const id = this.builder.add({
      kind: 'operator',
      operatorKind: 'keyed-async-process',
      ...readOperatorOptions(this.builder, options, name, asyncOptionNames),
      inputs: this.edges.map((edge): StreamEdge => ({ ...edge, inputIndex: 0 })),
      isKeyed: true,
      createOperator: (context) =>
        new KeyedAsyncProcessOperator(fn, keySelector, settings, context as OperatorContext<Out>),
    });
    return this.streamFrom<Out>(id);
  }

  /** Reads both streams with one function, whose state and timers per key the two share. Their keys are of one type. */
  connect<B>(other: KeyedStream<B, K>): KeyedConnectedStreams<T, B, K>;
  /** Reads a broadcast stream beside this one, and shares its broadcast states with it. */
  connect<B>(other: BroadcastStream<B>): KeyedBroadcastConnectedStream<T, B, K>;
  connect<B>(
    other: KeyedStream<B, K> | BroadcastStream<B>,
  ): KeyedConnectedStreams<T, B, K> | KeyedBroadcastConnectedStream<T, B, K> {
    const { builder, edges, streamFrom, keySelector } = this;
    if (other instanceof BroadcastStream) {
      const input = { builder, first: edges, second: other.origins, streamFrom };
      return new KeyedBroadcastConnectedStream<T, B, K>(input, keySelector, other.descriptors);
    }
    return new KeyedConnectedStreams<T, B, K>(this.inputWith(other), keySelector, other.keySelector);
  }

  /** Joins the two streams' elements of one key whose event times lie near each other: `.between('-5s', '5s')`. */
  intervalJoin<B>(other: KeyedStream<B, K>): IntervalJoin<T, B, K> {
    const leftKey = this.keySelector;
    return new IntervalJoin<T, B, K>({ ...this.inputWith(other), leftKey, rightKey: other.keySelector });
  }

  private inputWith<B>(other: KeyedStream<B, K>): ConnectedInput {
    assertKeyed(other);
    const { builder, edges, streamFrom } = this;
    return { builder, first: edges, second: other.edges, streamFrom };
  }

  private parts(): WindowedInput<T, K> {
    const { builder, keySelector, edges, streamFrom } = this;
    return { builder, keySelector, edges, streamFrom };
  }
}

/** For callers whom no type checker told. */
function assertKeyed(other: unknown): void {
  if (other instanceof KeyedStream) return;
  throw new MillraceError(
    'A keyed stream is connected with one that is not keyed: give the other its keyBy(…) too, or connect them before keyBy.',
    { domain: 'user-code', action: 'fail-job' },
  );
}

export type StreamFactory = <Out>(nodeId: number) => DataStream<Out>;
