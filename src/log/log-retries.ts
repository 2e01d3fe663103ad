import type { Clock } from '../host/clock.js';
import { LogError } from './log-port.js';

/**
 * A new leader is elected within this. Not a number of tries: a client that has itself tried for so long
 * should be believed, or somebody at a terminal waits many times the time that it was given.
 */
const retriesMaxMs = 5_000;
const backoffInitialMs = 50;

/**
 * Runs an idempotent request on the log, again after an error that another try may cure.
 * @throws the last error, once the time is used up, another try would not help, or `isAbandoned` says so.
 */
export async function withLogRetries<R>(
  clock: Clock,
  isAbandoned: () => boolean,
  request: () => Promise<R>,
): Promise<R> {
  const deadlineMs = clock.monotonicMs() + retriesMaxMs;
  for (let backoffMs = backoffInitialMs; ; backoffMs *= 2) {
    try {
      return await request();
    } catch (error) {
      const isTimeLeft = clock.monotonicMs() + backoffMs < deadlineMs;
      if (!isTimeLeft || isAbandoned() || !isTransient(error)) throw error;
    }
    await new Promise<void>((resolve) => clock.setTimer(backoffMs, resolve));
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof LogError && (error.code === 'unreachable' || error.code === 'delivery-timeout');
}
