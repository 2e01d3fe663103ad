import type { ValueState } from '../state-descriptors.js';
import type { TtlClock, TtlValue } from './ttl-value.js';

/** A value that is gone when its time is over; the read that finds it expired clears it. */
export class TtlValueState<T> implements ValueState<T> {
  private readonly inner: ValueState<TtlValue<T>>;
  private readonly clock: TtlClock;
  private readonly defaultValue: T | undefined;

  constructor(inner: ValueState<TtlValue<T>>, clock: TtlClock, defaultValue: T | undefined) {
    this.inner = inner;
    this.clock = clock;
    this.defaultValue = defaultValue;
  }

  value(): T | undefined {
    const stored = this.inner.value();
    if (stored === undefined) return this.defaultValue;
    const { ttl } = this.clock;
    const nowMs = this.clock.nowMs();
    if (this.clock.isExpired(stored, nowMs)) {
      this.inner.clear();
      return ttl.returnsExpired ? stored.value : this.defaultValue;
    }
    if (ttl.updatesOnRead) this.inner.update({ value: stored.value, timestamp: nowMs });
    return stored.value;
  }

  update(value: T): void {
    if (value === undefined) this.inner.clear();
    else this.inner.update(this.clock.stamp(value));
  }

  clear(): void {
    this.inner.clear();
  }
}
