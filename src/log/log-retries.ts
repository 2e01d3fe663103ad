import type { Clock } from '../host/clock.js';
import { LogError } from './log-port.js';

/** Clients retry by themselves for as long as a request may take; this rides over a broker's restart. */
const attemptsMax = 8;
const backoffInitialMs = 50;
/** The waits add up to some six seconds: a new leader is elected within that, and a person notices soon after. */
const backoffMaxMs = 3_200;

/**
 * Runs an idempotent request on the log, again after an error that another try may cure.
 * @throws the last error, once the tries are used up, another try would not help, or `isAbandoned` says so.
 */
export async function withLogRetries<R>(
  clock: Clock,
  isAbandoned: () => boolean,
  request: () => Promise<R>,
): Promise<R> {
  let backoffMs = backoffInitialMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      if (attempt === attemptsMax || isAbandoned() || !isTransient(error)) throw error;
    }
    await new Promise<void>((resolve) => clock.setTimer(backoffMs, resolve));
    backoffMs = Math.min(2 * backoffMs, backoffMaxMs);
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof LogError && (error.code === 'unreachable' || error.code === 'delivery-timeout');
}
