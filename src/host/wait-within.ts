import type { CancelTimer, Clock } from './clock.js';

/** Waits for `promise`, but no longer than `ms`; whether it resolved by then. @throws when it rejects by then. */
export async function waitWithin(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  let cancelTimer: CancelTimer = () => {};
  const timedOut = new Promise<boolean>((resolve) => {
    cancelTimer = clock.setTimer(ms, () => resolve(false));
  });
  try {
    return await Promise.race([promise.then(() => true), timedOut]);
  } finally {
    cancelTimer();
  }
}
