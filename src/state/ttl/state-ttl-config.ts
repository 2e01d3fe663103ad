import { type Duration, durationMs } from '../../api/duration.js';
import { MillraceError } from '../../protocol/failures.js';

/**
 * How long a state keeps what nobody uses (Flink's StateTtlConfig), by the clock's time and not by event
 * time. Of a list each element has a life of its own, of a map each entry.
 */
export interface StateTtlConfig {
  /** From the last update (or read, see `updateType`) to the end. */
  readonly time: Duration;
  /** What prolongs life; `'onCreateAndWrite'` by default. Prolonging on reads writes the value with the next checkpoint. */
  readonly updateType?: StateTtlUpdateType;
  /** What a read gives of something whose time is over; `'neverReturnExpired'` by default. */
  readonly visibility?: StateTtlVisibility;
}

export type StateTtlUpdateType = (typeof updateTypes)[number];
export type StateTtlVisibility = (typeof visibilities)[number];

const updateTypes = ['onCreateAndWrite', 'onReadAndWrite'] as const;
const visibilities = ['neverReturnExpired', 'returnExpiredIfNotCleanedUp'] as const;

/** A checked StateTtlConfig. */
export interface StateTtl {
  readonly timeMs: number;
  readonly updatesOnRead: boolean;
  readonly returnsExpired: boolean;
}

/**
 * @param what names the state in the error.
 * @throws MillraceError naming all that is wrong with the settings.
 */
export function checkedTtl(config: StateTtlConfig, what: string): StateTtl {
  const { updateType = 'onCreateAndWrite', visibility = 'neverReturnExpired' } = config;
  const mistakes: string[] = [];
  const timeMs = readTime(config.time, mistakes);
  checkOneOf(updateTypes, 'updateType', updateType, mistakes);
  checkOneOf(visibilities, 'visibility', visibility, mistakes);
  if (mistakes.length > 0) {
    throw new MillraceError(`The ttl of ${what} can't be used: ${mistakes.join('; ')}.`, {
      domain: 'user-code',
      action: 'fail-job',
    });
  }
  return {
    timeMs,
    updatesOnRead: updateType === 'onReadAndWrite',
    returnsExpired: visibility === 'returnExpiredIfNotCleanedUp',
  };
}

function readTime(time: Duration, mistakes: string[]): number {
  try {
    const timeMs = durationMs(time, 'its time');
    if (timeMs === 0) mistakes.push('its time is 0, so that nothing would be kept');
    return timeMs;
  } catch (error) {
    mistakes.push((error as Error).message.replace(/\.$/, ''));
    return 0;
  }
}

function checkOneOf(known: readonly string[], setting: string, given: string, mistakes: string[]): void {
  if (known.includes(given)) return;
  mistakes.push(`its ${setting} is ${JSON.stringify(given)}, which must be one of ${known.join(', ')}`);
}
