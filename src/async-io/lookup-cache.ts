import { LRUCache } from 'lru-cache';
import { type Duration, durationMs } from '../api/duration.js';
import type { Clock } from '../host/clock.js';
import { MillraceError } from '../protocol/failures.js';
import { SharedLoad } from './shared-load.js';

/**
 * A bounded cache in front of a look-up (Flink's LookupCache), least recently used first out. Look-ups of one
 * key at the same time are made once. Errors are not kept: the next request asks again.
 */
export class LookupCache<K extends LookupKey, V> {
  private readonly load: LookupCacheOptions<K, V>['load'];
  /** Values in a box, since what is looked up may well be undefined. */
  private readonly values: LRUCache<K, { readonly value: V }>;
  private readonly loading = new Map<K, SharedLoad<V>>();

  /** Made by `AsyncFunctionContext.lookupCache`. @throws MillraceError for a size or a time that makes no sense. */
  constructor(options: LookupCacheOptions<K, V>, clock: Clock) {
    const { maximumSize, expireAfterWrite } = options;
    if (!Number.isSafeInteger(maximumSize) || maximumSize < 1) {
      throw new MillraceError(
        `The maximumSize of a lookupCache is ${maximumSize}: give it a whole number of entries from 1 on.`,
        { domain: 'user-code', action: 'fail-job' },
      );
    }
    this.load = options.load;
    this.values = new LRUCache({
      max: maximumSize,
      ttl: expireAfterWrite === undefined ? 0 : durationMs(expireAfterWrite, 'expireAfterWrite'),
      // Not a clock and timers of its own: they would escape the simulation. And to it the time 0 is none.
      ttlResolution: 0,
      perf: { now: () => 1 + clock.monotonicMs() },
    });
  }

  /**
   * The value of a key, from the cache or looked up. `signal` ends this caller's wait alone: the look-up
   * itself ends when nobody waits for it any more.
   */
  async get(key: K, signal?: AbortSignal): Promise<V> {
    const cached = this.values.get(key);
    if (cached !== undefined) return cached.value;
    signal?.throwIfAborted();
    return (this.loading.get(key) ?? this.beginLoad(key)).join(signal);
  }

  private beginLoad(key: K): SharedLoad<V> {
    const load = async (signal: AbortSignal): Promise<V> => {
      const value = await this.load(key, signal);
      if (!signal.aborted) this.values.set(key, { value });
      return value;
    };
    const shared: SharedLoad<V> = new SharedLoad(load, () => {
      if (this.loading.get(key) === shared) this.loading.delete(key);
    });
    this.loading.set(key, shared);
    return shared;
  }
}

/** Compared by value, as the keys of a Map are. */
export type LookupKey = string | number | bigint;

export interface LookupCacheOptions<K extends LookupKey, V> {
  /** `signal` is aborted when nobody waits for the value any more. */
  readonly load: (key: K, signal: AbortSignal) => Promise<V>;
  /** Entries; beyond it the least recently used goes. */
  readonly maximumSize: number;
  /** How long a value counts after it was looked up; for ever by default. */
  readonly expireAfterWrite?: Duration;
}
