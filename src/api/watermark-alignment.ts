import { MillraceError } from '../protocol/failures.js';
import { type Duration, durationMs } from './duration.js';

/**
 * Splits of sources of one group wait for each other (Flink's watermark alignment): who is further ahead of
 * the group's slowest than `maxDriftMs` is not read until the others have come up.
 */
export interface WatermarkAlignment {
  readonly group: string;
  readonly maxDriftMs: number;
  /** How often each subtask tells its watermark, and learns the group's. */
  readonly updateIntervalMs: number;
}

/** @throws MillraceError naming all that is wrong with the settings. */
export function checkedAlignment(
  group: string,
  maxDrift: Duration,
  updateInterval: Duration,
): WatermarkAlignment {
  const mistakes: string[] = [];
  const read = (duration: Duration, what: string): number => {
    try {
      return durationMs(duration, what);
    } catch (error) {
      mistakes.push((error as Error).message.replace(/\.$/, ''));
      return 0;
    }
  };
  if (typeof group !== 'string' || group === '') mistakes.push('its group needs a name');
  const maxDriftMs = read(maxDrift, 'its maxDrift');
  const updateIntervalMs = read(updateInterval, 'its updateInterval');
  if (updateIntervalMs < updateIntervalMinMs && mistakes.length === 0)
    mistakes.push(`its updateInterval is ${updateInterval}: give at least ${updateIntervalMinMs}ms`);
  if (mistakes.length === 0) return { group, maxDriftMs, updateIntervalMs };
  throw new MillraceError(`A watermark alignment can't be used: ${mistakes.join('; ')}.`, {
    domain: 'user-code',
    action: 'fail-job',
  });
}

/** Each update is two messages to and from the JobManager; more of them would gain nothing. */
const updateIntervalMinMs = 10;
