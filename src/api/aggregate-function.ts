import type { DeepReadonly } from './deep-readonly.js';

/**
 * Aggregates elements one by one into an accumulator (Flink's AggregateFunction). Accumulators are state:
 * plain, never undefined, and never changed; `add` and `merge` give new ones.
 */
export interface AggregateFunction<In, Acc, Out> {
  createAccumulator(): Acc;
  add(value: DeepReadonly<In>, accumulator: DeepReadonly<Acc>): Acc;
  getResult(accumulator: DeepReadonly<Acc>): Out;
  /** Two accumulators as one; needed for session windows alone. */
  merge?(a: DeepReadonly<Acc>, b: DeepReadonly<Acc>): Acc;
}

/** Takes two elements together, without changing either. */
export type ReduceFunction<T> = (a: DeepReadonly<T>, b: DeepReadonly<T>) => T;
