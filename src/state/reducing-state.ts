import type { DeepReadonly } from '../api/deep-readonly.js';
import type { ValueState } from './state-descriptors.js';
import type { StateTtlConfig } from './ttl/state-ttl-config.js';

export interface ReducingStateDescriptor<T> {
  readonly name: string;
  /** Takes two values together, without changing either. */
  readonly reduce: (a: DeepReadonly<T>, b: DeepReadonly<T>) => T;
  /** How long the value is kept; each `add` prolongs it. */
  readonly ttl?: StateTtlConfig;
}

/** One value, into which each one added is reduced. */
export interface ReducingState<T> {
  get(): T | undefined;
  add(value: T): void;
  clear(): void;
}

/** A reducing state on a value state: its cell holds the value alone. */
export class ReducingValueState<T> implements ReducingState<T> {
  private readonly inner: ValueState<T>;
  private readonly reduce: ReducingStateDescriptor<T>['reduce'];

  constructor(inner: ValueState<T>, descriptor: ReducingStateDescriptor<T>) {
    this.inner = inner;
    this.reduce = descriptor.reduce;
  }

  get(): T | undefined {
    return this.inner.value();
  }

  add(value: T): void {
    const before = this.inner.value();
    this.inner.update(
      before === undefined ? value : this.reduce(before as DeepReadonly<T>, value as DeepReadonly<T>),
    );
  }

  clear(): void {
    this.inner.clear();
  }
}
