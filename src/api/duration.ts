import { MillraceError } from '../protocol/failures.js';

/** `'500ms'`, `'5s'`, `'1m'`, `'2h'`, `'7d'`, or a number of milliseconds. */
export type Duration = number | `${number}${DurationUnit}`;

export type DurationUnit = keyof typeof unitMs;

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const durationPattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * A duration in whole milliseconds.
 * @param what names the setting in the error.
 * @throws MillraceError when it is negative, no number, or text of another form.
 */
export function durationMs(duration: Duration, what = 'The duration'): number {
  if (typeof duration === 'string') return parseDuration(duration, what);
  if (Number.isFinite(duration) && duration >= 0) return Math.round(duration);
  throw badDuration(what, String(duration));
}

/** As `durationMs`, for text of any origin, such as a command line. A bare number is refused: its unit would be a guess. */
export function parseDuration(text: string, what = 'The duration'): number {
  const match = durationPattern.exec(text.trim());
  if (match === null) throw badDuration(what, `"${text}"`);
  const ms = Math.round(Number(match[1]) * unitMs[match[2] as DurationUnit]);
  if (!Number.isSafeInteger(ms)) throw badDuration(what, `"${text}"`);
  return ms;
}

/** As `durationMs`, for a distance in time that may point backwards, such as `'-5s'` or -5000. */
export function signedDurationMs(duration: Duration, what: string): number {
  if (typeof duration === 'number') {
    return duration < 0 ? -durationMs(-duration, what) : durationMs(duration, what);
  }
  const text = duration.trim();
  return text.startsWith('-') ? -parseDuration(text.slice(1), what) : parseDuration(text, what);
}

function badDuration(what: string, given: string): MillraceError {
  return new MillraceError(
    `${what} is ${given}: give a number with a unit, such as 500ms, 5s, 1m, 2h or 7d.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}
