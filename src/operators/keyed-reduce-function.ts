import type { ReduceFunction } from '../api/aggregate-function.js';
import type { DeepReadonly } from '../api/deep-readonly.js';
import {
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  type RuntimeContext,
} from '../api/functions.js';
import type { Key } from '../key-groups/key.js';
import type { ValueState } from '../state/state-descriptors.js';

/** A rolling reduction: emits, for each element, what all elements of its key so far come to. */
export class KeyedReduceFunction<K extends Key, T> extends KeyedProcessFunction<K, T, T> {
  private readonly reduce: ReduceFunction<T>;
  private reduced!: ValueState<T>;

  constructor(reduce: ReduceFunction<T>) {
    super();
    this.reduce = reduce;
  }

  override open(context: RuntimeContext): void {
    this.reduced = context.getState<T>({ name: 'reduced' });
  }

  processElement(value: DeepReadonly<T>, _context: KeyedContext<K>, out: Collector<T>): void {
    const before = this.reduced.value();
    const after = before === undefined ? (value as T) : this.reduce(before as DeepReadonly<T>, value);
    this.reduced.update(after);
    out.collect(after);
  }
}
