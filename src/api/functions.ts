import type { Key } from '../key-groups/key.js';
import type { AggregatingState, AggregatingStateDescriptor } from '../state/aggregating-state.js';
import type { ReducingState, ReducingStateDescriptor } from '../state/reducing-state.js';
import type {
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../state/state-descriptors.js';
import type { DeepReadonly } from './deep-readonly.js';
import type { OutputTag } from './output-tag.js';

/**
 * The functions that a user writes. All are synchronous: a returned promise fails the attempt, since the
 * records behind it would overtake it. What they receive is never to be changed.
 */

export type MapFunction<In, Out> = (value: DeepReadonly<In>) => Out;
export type FilterFunction<In> = (value: DeepReadonly<In>) => boolean;
export type KeySelector<In, K extends Key> = (value: DeepReadonly<In>) => K;

/**
 * Emits any number of results for one element: returns them as an iterable (a generator may run for ever
 * so long: it is suspended while the output is full), or collects a bounded number of them.
 */
export type FlatMapFunction<In, Out> = (value: DeepReadonly<In>, out: Collector<Out>) => Iterable<Out> | void;

/** Where a function emits. Usable only during the call that was given it. */
export interface Collector<Out> {
  collect(value: Out): void;
}

/**
 * A function with state and timers per key (Flink's KeyedProcessFunction). One instance serves all keys of
 * a subtask: keep what belongs to a key in state, never in a field.
 */
export abstract class KeyedProcessFunction<K extends Key, In, Out> {
  /** Before the first element: register states here. */
  open(_context: RuntimeContext): void {}

  abstract processElement(value: DeepReadonly<In>, context: KeyedContext<K>, out: Collector<Out>): void;

  /** A timer that was registered for the context's current key is due. */
  onTimer(_timestamp: number, _context: OnTimerContext<K>, _out: Collector<Out>): void {}

  close(): void {}
}

/** What a function learns of where it runs. */
export interface FunctionContext {
  readonly operatorName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** 0 for the first execution, one more after each restart. */
  readonly attemptNumber: number;
}

/**
 * Where a function gets its operator state: lists that belong to the subtask and not to a key, in memory, for
 * what is small (Flink's OperatorStateStore). Usable in `open`.
 */
export interface OperatorRuntimeContext extends FunctionContext {
  /** A list that is divided evenly among the subtasks when the parallelism changes, item by item. */
  getOperatorListState<T>(descriptor: OperatorStateDescriptor<T>): ListState<T>;
  /** A list of which, after each restore, every subtask has the items of all of them. */
  getUnionListState<T>(descriptor: OperatorStateDescriptor<T>): ListState<T>;
}

export interface OperatorStateDescriptor<T> {
  /** Unique within its operator; how the state is found again after a restart. */
  readonly name: string;
  readonly elementType?: T;
}

/**
 * What a function with operator state may have besides (Flink's CheckpointedFunction; what was restored is there
 * in `open`).
 */
export interface CheckpointedFunction {
  /**
   * A checkpoint begins: what the function keeps in fields can be put into operator state only now. No element is
   * being processed, so there is no key whose state could be used.
   */
  snapshotState(): void;
}

/** Where a keyed function runs, and where it gets its state. Usable in `open`. */
export interface RuntimeContext extends OperatorRuntimeContext {
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getMapState<MapKey extends string | number, V>(
    descriptor: MapStateDescriptor<MapKey, V>,
  ): MapState<MapKey, V>;
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  getAggregatingState<In, Acc, Out>(
    descriptor: AggregatingStateDescriptor<In, Acc, Out>,
  ): AggregatingState<In, Out>;
}

/**
 * A function without keyed state that may emit any number of results, also to side outputs (Flink's
 * ProcessFunction on a stream that is not keyed).
 */
export abstract class ProcessFunction<In, Out> {
  open(_context: OperatorRuntimeContext): void {}

  abstract processElement(value: DeepReadonly<In>, context: ProcessContext, out: Collector<Out>): void;

  close(): void {}
}

/** The element's surroundings. One object is reused for all calls: don't keep it. */
export interface ProcessContext {
  /** The element's event time in epoch ms; undefined without a watermark strategy that assigns one. */
  readonly timestamp: number | undefined;
  currentProcessingTime(): number;
  currentWatermark(): number;
  output<T>(tag: OutputTag<T>, value: T): void;
}

/** The element's surroundings. One object is reused for all calls: don't keep it. */
export interface KeyedContext<K extends Key> {
  readonly currentKey: K;
  /** The element's event time in epoch ms; undefined without a watermark strategy that assigns one. */
  readonly timestamp: number | undefined;
  readonly timerService: TimerService;
  /** Emits to a side output, read with `stream.sideOutput(tag)`. */
  output<T>(tag: OutputTag<T>, value: T): void;
}

export interface OnTimerContext<K extends Key> extends KeyedContext<K> {
  readonly timeDomain: TimeDomain;
}

export type TimeDomain = 'event-time' | 'processing-time';

/** Timers of the current key. One per timestamp: registering it again changes nothing. */
export interface TimerService {
  /** Epoch ms. */
  currentProcessingTime(): number;
  /** The watermark in epoch ms, or MIN_WATERMARK before the first. */
  currentWatermark(): number;
  registerEventTimeTimer(timestamp: number): void;
  registerProcessingTimeTimer(timestamp: number): void;
  deleteEventTimeTimer(timestamp: number): void;
  deleteProcessingTimeTimer(timestamp: number): void;
}
