import type { PricedEvent } from './priced-events.js';

/** The benchmarks' aggregate: events of a user, the time of the last, and the sum of their prices. */
export interface UserTotals {
  readonly count: number;
  readonly lastTs: number;
  readonly sum: number;
}

export function nextTotals(before: UserTotals | undefined, event: PricedEvent): UserTotals {
  return {
    count: (before?.count ?? 0) + 1,
    lastTs: event.timestamp,
    sum: (before?.sum ?? 0) + (event.parameters.custom_params.price ?? 0),
  };
}
