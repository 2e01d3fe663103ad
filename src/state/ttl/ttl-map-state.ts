import type { MapState } from '../state-descriptors.js';
import type { TtlClock, TtlValue } from './ttl-value.js';

/** A map whose entries go one by one when their time is over; the read that finds one expired removes it. */
export class TtlMapState<K extends string | number, V> implements MapState<K, V> {
  private readonly inner: MapState<K, TtlValue<V>>;
  private readonly clock: TtlClock;

  constructor(inner: MapState<K, TtlValue<V>>, clock: TtlClock) {
    this.inner = inner;
    this.clock = clock;
  }

  get(key: K): V | undefined {
    const stored = this.inner.get(key);
    return stored === undefined ? undefined : this.read(key, stored, this.clock.nowMs())?.value;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  put(key: K, value: V): void {
    if (value === undefined) this.inner.remove(key);
    else this.inner.put(key, this.clock.stamp(value));
  }

  remove(key: K): void {
    this.inner.remove(key);
  }

  entries(): Iterable<readonly [K, V]> {
    return this.visible();
  }

  keys(): Iterable<K> {
    return this.visible().map(([key]) => key);
  }

  values(): Iterable<V> {
    return this.visible().map(([, value]) => value);
  }

  isEmpty(): boolean {
    return this.visible().length === 0;
  }

  clear(): void {
    this.inner.clear();
  }

  private visible(): (readonly [K, V])[] {
    const nowMs = this.clock.nowMs();
    const visible: (readonly [K, V])[] = [];
    for (const [key, stored] of this.inner.entries()) {
      const read = this.read(key, stored, nowMs);
      if (read !== undefined) visible.push([key, read.value]);
    }
    return visible;
  }

  /** Undefined when there is nothing to be seen. */
  private read(key: K, stored: TtlValue<V>, nowMs: number): TtlValue<V> | undefined {
    const { ttl } = this.clock;
    if (this.clock.isExpired(stored, nowMs)) {
      this.inner.remove(key);
      return ttl.returnsExpired ? stored : undefined;
    }
    if (ttl.updatesOnRead) this.inner.put(key, { value: stored.value, timestamp: nowMs });
    return stored;
  }
}
