import type { AggregateFunction } from '../api/aggregate-function.js';
import type { DeepReadonly } from '../api/deep-readonly.js';
import type { ValueState } from './state-descriptors.js';
import type { StateTtlConfig } from './ttl/state-ttl-config.js';

export interface AggregatingStateDescriptor<In, Acc, Out> {
  readonly name: string;
  readonly aggregate: AggregateFunction<In, Acc, Out>;
  /** How long the accumulator is kept; each `add` prolongs it. */
  readonly ttl?: StateTtlConfig;
}

/** An accumulator, to which elements are added and of which a result is read. */
export interface AggregatingState<In, Out> {
  get(): Out | undefined;
  add(value: In): void;
  clear(): void;
}

/** An aggregating state on a value state: its cell holds the accumulator. */
export class AggregatingValueState<In, Acc, Out> implements AggregatingState<In, Out> {
  private readonly inner: ValueState<Acc>;
  private readonly aggregate: AggregateFunction<In, Acc, Out>;

  constructor(inner: ValueState<Acc>, descriptor: AggregatingStateDescriptor<In, Acc, Out>) {
    this.inner = inner;
    this.aggregate = descriptor.aggregate;
  }

  get(): Out | undefined {
    const accumulator = this.inner.value();
    if (accumulator === undefined) return undefined;
    return this.aggregate.getResult(accumulator as DeepReadonly<Acc>);
  }

  add(value: In): void {
    const before = this.inner.value() ?? this.aggregate.createAccumulator();
    this.inner.update(this.aggregate.add(value as DeepReadonly<In>, before as DeepReadonly<Acc>));
  }

  clear(): void {
    this.inner.clear();
  }
}
