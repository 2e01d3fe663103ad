/**
 * How long to wait before the retry that follows attempt number `attempt` (0, 1, …): doubling, within
 * bounds, and spread at random so that the clients of a broker that comes back don't all knock at once.
 * `random` is uniform in [0, 1).
 */
export function backoffMs(attempt: number, random: number): number {
  const delay = Math.min(backoffMinMs * 2 ** Math.min(attempt, doublingsMax), backoffMaxMs);
  return delay * (1 - spread / 2 + spread * random);
}

/** A leader's move takes some ten milliseconds. */
const backoffMinMs = 20;
/** So that a recovery is noticed within a second. */
const backoffMaxMs = 1000;
const doublingsMax = 10;
const spread = 0.4;
