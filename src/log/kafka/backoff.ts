import type { RequestSettings } from '../request-settings.js';
import type { NoneOpen } from './kafka-config.js';

/**
 * How long to wait before the retry that follows attempt number `attempt` (0, 1, …): doubling, within
 * bounds, and spread at random so that the clients of a broker that comes back don't all knock at once.
 * `random` is uniform in [0, 1).
 */
export function backoffMs(attempt: number, random: number, bounds: BackoffBounds): number {
  const { retryBackoffMs, retryBackoffMaxMs } = bounds;
  const delay = Math.min(retryBackoffMs * 2 ** Math.min(attempt, doublingsMax), retryBackoffMaxMs);
  return delay * (1 - spread / 2 + spread * random);
}

export type BackoffBounds = Pick<NoneOpen<RequestSettings>, 'retryBackoffMs' | 'retryBackoffMaxMs'>;

const doublingsMax = 10;
const spread = 0.4;
