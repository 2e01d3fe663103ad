import type { CachedListState } from '../cached-list-state.js';
import type { ListState } from '../state-descriptors.js';
import type { TtlClock, TtlValue } from './ttl-value.js';

/**
 * A list whose elements go one by one when their time is over. They are stamped in the order in which they
 * are added, so the expired ones are the oldest, and dropping them moves the list's head. After the clock was
 * put back one may lie between others: it is left out of what is read, and dropped when it is the oldest.
 */
export class TtlListState<T> implements ListState<T> {
  private readonly inner: CachedListState<TtlValue<T>>;
  private readonly clock: TtlClock;

  constructor(inner: CachedListState<TtlValue<T>>, clock: TtlClock) {
    this.inner = inner;
    this.clock = clock;
  }

  get(): readonly T[] {
    const { clock } = this;
    const nowMs = clock.nowMs();
    const stored = this.inner.peek();
    const alive = stored.filter((element) => !clock.isExpired(element, nowMs));
    this.dropExpired(nowMs);
    if (clock.ttl.updatesOnRead && alive.length > 0) {
      this.inner.update(alive.map(({ value }) => ({ value, timestamp: nowMs })));
    }
    return (clock.ttl.returnsExpired ? stored : alive).map(({ value }) => value);
  }

  add(element: T): void {
    // A list that is only ever added to must not grow without end in memory.
    this.dropExpired(this.clock.nowMs());
    this.inner.add(this.clock.stamp(element));
  }

  update(elements: readonly T[]): void {
    const timestamp = this.clock.nowMs();
    this.inner.update(elements.map((value) => ({ value, timestamp })));
  }

  clear(): void {
    this.inner.clear();
  }

  private dropExpired(nowMs: number): void {
    this.inner.dropOldestWhile((element) => this.clock.isExpired(element, nowMs));
  }
}
