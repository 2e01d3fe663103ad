import type { Clock } from '../../host/clock.js';
import type { StateTtl } from './state-ttl-config.js';

/** What a state with TTL holds in place of a value: never changed, only replaced. */
export interface TtlValue<T> {
  readonly value: T;
  /** Epoch ms of the last update (or read, where reads prolong life). */
  readonly timestamp: number;
}

/** The lives of one state's values. */
export class TtlClock {
  readonly ttl: StateTtl;
  private readonly clock: Clock;

  constructor(ttl: StateTtl, clock: Clock) {
    this.ttl = ttl;
    this.clock = clock;
  }

  nowMs(): number {
    return this.clock.epochMs();
  }

  stamp<T>(value: T): TtlValue<T> {
    return { value, timestamp: this.clock.epochMs() };
  }

  isExpired(stored: TtlValue<unknown>, nowMs: number): boolean {
    return isExpired(stored.timestamp, this.ttl.timeMs, nowMs);
  }
}

/** As in Flink, the moment at which the time is over counts as after it. */
export function isExpired(timestamp: number, ttlMs: number, nowMs: number): boolean {
  return timestamp + ttlMs <= nowMs;
}
