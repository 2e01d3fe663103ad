import type { Key } from '../key-groups/key.js';
import type { AggregatingState } from '../state/aggregating-state.js';
import type { BroadcastState, ReadOnlyBroadcastState } from '../state/broadcast-state.js';
import type { ReducingState } from '../state/reducing-state.js';
import type { ListState, MapState, MapStateDescriptor, ValueState } from '../state/state-descriptors.js';
import type { DeepReadonly } from './deep-readonly.js';
import type {
  Collector,
  KeyedContext,
  OnTimerContext,
  OperatorRuntimeContext,
  ProcessContext,
  RuntimeContext,
} from './functions.js';

/**
 * A function over a stream and a broadcast one (Flink's BroadcastProcessFunction). What the broadcast side
 * puts into broadcast state, the other side reads, on every subtask.
 */
export abstract class BroadcastProcessFunction<A, B, Out> {
  open(_context: OperatorRuntimeContext): void {}

  abstract processElement(
    value: DeepReadonly<A>,
    context: ProcessContext & ReadOnlyBroadcastStates,
    out: Collector<Out>,
  ): void;

  abstract processBroadcastElement(
    value: DeepReadonly<B>,
    context: BroadcastContext,
    out: Collector<Out>,
  ): void;

  close(): void {}
}

/**
 * A function over a keyed stream and a broadcast one (Flink's KeyedBroadcastProcessFunction). The keyed side has
 * state and timers per key; the broadcast side has no key, and so neither of them, but may go through the keys.
 */
export abstract class KeyedBroadcastProcessFunction<K extends Key, A, B, Out> {
  /** Before the first element: register keyed states here. */
  open(_context: RuntimeContext): void {}

  abstract processElement(
    value: DeepReadonly<A>,
    context: KeyedContext<K> & ReadOnlyBroadcastStates,
    out: Collector<Out>,
  ): void;

  abstract processBroadcastElement(
    value: DeepReadonly<B>,
    context: KeyedBroadcastContext<K>,
    out: Collector<Out>,
  ): void;

  /** A timer that was registered for the context's current key is due. */
  onTimer(
    _timestamp: number,
    _context: OnTimerContext<K> & ReadOnlyBroadcastStates,
    _out: Collector<Out>,
  ): void {}

  close(): void {}
}

/** The surroundings of a broadcast element. One object is reused for all calls: don't keep it. */
export interface BroadcastContext extends ProcessContext {
  /** @throws MillraceError when the stream was not broadcast with this descriptor. */
  getBroadcastState<K extends string | number, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>;
}

/** The surroundings of a broadcast element where the other side has keys. */
export interface KeyedBroadcastContext<K extends Key> extends BroadcastContext {
  /**
   * Calls `fn` once for each key of this subtask that has something in `state`, with the key as the current one: all
   * states that `open` was given may be read and changed, and results emitted. It begins when
   * processBroadcastElement has returned, and ends before anything else is processed, also where there are more
   * keys than fit into memory; several calls follow each other. The order of the keys is the same after a restore.
   *
   * Flink's takes the state's descriptor, and runs within the call. @throws MillraceError when the state is not
   * one that `open` was given.
   */
  applyToKeyedState<S extends KeyedState>(state: S, fn: KeyedStateFunction<K, S>): void;
}

export type KeyedStateFunction<K extends Key, S> = (key: K, state: S) => void;

/** What a keyed function may have for each key. */
export type KeyedState =
  | ValueState<unknown>
  | ListState<unknown>
  | MapState<string | number, unknown>
  | ReducingState<unknown>
  | AggregatingState<unknown, unknown>;

export interface ReadOnlyBroadcastStates {
  /** @throws MillraceError when the stream was not broadcast with this descriptor. */
  getBroadcastState<K extends string | number, V>(
    descriptor: MapStateDescriptor<K, V>,
  ): ReadOnlyBroadcastState<K, V>;
}
