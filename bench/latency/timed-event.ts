import type { PricedEvent } from '../jobs/priced-events.js';
import type { UserTotals } from '../jobs/user-totals.js';

/** One of the generator's events, as it is sent: `sent_at_ms` are epoch ms with fractions. */
export interface TimedEvent extends PricedEvent {
  readonly sequence: number;
  readonly sent_at_ms: number;
}

/** What the job answers to one event. */
export interface AnsweredEvent extends UserTotals {
  readonly user: string;
  readonly sequence: number;
  readonly sent_at_ms: number;
}

/** Epoch ms with fractions: the same clock in each process of a machine. */
export function preciseEpochMs(): number {
  return performance.timeOrigin + performance.now();
}
