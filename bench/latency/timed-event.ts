import type { PricedEvent } from '../jobs/keyed-aggregate.js';

/** One of the generator's events, as it is sent: `sent_at_ms` are epoch ms with fractions. */
export interface TimedEvent extends PricedEvent {
  readonly sequence: number;
  readonly sent_at_ms: number;
}

/** What the job answers to one event. */
export interface AnsweredEvent {
  readonly user: string;
  readonly sequence: number;
  readonly sent_at_ms: number;
  readonly count: number;
  readonly lastTs: number;
  readonly sum: number;
}

/** Epoch ms with fractions: the same clock in each process of a machine. */
export function preciseEpochMs(): number {
  return performance.timeOrigin + performance.now();
}
