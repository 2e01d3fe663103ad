import type { Key } from '../key-groups/key.js';
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
 * The functions of two connected streams. Elements of the two sides come in no particular order; the
 * watermark is the smaller of theirs.
 */

/** One result for each element of either side. */
export interface CoMapFunction<A, B, Out> {
  map1(value: DeepReadonly<A>): Out;
  map2(value: DeepReadonly<B>): Out;
}

/** Any number of results for each element of either side: returned as an iterable, as by a FlatMapFunction, or collected. */
export interface CoFlatMapFunction<A, B, Out> {
  flatMap1(value: DeepReadonly<A>, out: Collector<Out>): Iterable<Out> | void;
  flatMap2(value: DeepReadonly<B>, out: Collector<Out>): Iterable<Out> | void;
}

/** A function over two streams that are not keyed, with side outputs (Flink's CoProcessFunction). */
export abstract class CoProcessFunction<A, B, Out> {
  open(_context: OperatorRuntimeContext): void {}

  abstract processElement1(value: DeepReadonly<A>, context: ProcessContext, out: Collector<Out>): void;

  abstract processElement2(value: DeepReadonly<B>, context: ProcessContext, out: Collector<Out>): void;

  close(): void {}
}

/**
 * A function over two streams with the same keys (Flink's KeyedCoProcessFunction). Both sides see the same
 * state and the same timers of a key: what one leaves there, the other finds.
 */
export abstract class KeyedCoProcessFunction<K extends Key, A, B, Out> {
  /** Before the first element: register states here. */
  open(_context: RuntimeContext): void {}

  abstract processElement1(value: DeepReadonly<A>, context: KeyedContext<K>, out: Collector<Out>): void;

  abstract processElement2(value: DeepReadonly<B>, context: KeyedContext<K>, out: Collector<Out>): void;

  /** A timer that was registered for the context's current key, from either side, is due. */
  onTimer(_timestamp: number, _context: OnTimerContext<K>, _out: Collector<Out>): void {}

  close(): void {}
}
