import { type Duration, durationMs } from '../../api/duration.js';

/** When a part file is closed and the next one begun (Flink's DefaultRollingPolicy, or OnCheckpointRollingPolicy). */
export type RollingPolicyOptions =
  | 'on-checkpoint'
  | {
      /** Bytes; 128 MB by default. The last record may pass it. */
      readonly partSize?: number;
      /** Since it was opened; `'1m'` by default. */
      readonly rolloverInterval?: Duration;
      /** Since its last record; `'1m'` by default. */
      readonly inactivityInterval?: Duration;
    };

export interface RollingPolicy {
  readonly partSizeBytes: number;
  readonly rolloverIntervalMs: number;
  readonly inactivityIntervalMs: number;
  readonly rollsOnCheckpoint: boolean;
}

/** As in Flink. */
const defaultPartSizeBytes = 128 * 1024 * 1024;
const defaultIntervalMs = 60_000;

/** Adds what is wrong to `mistakes`. */
export function rollingPolicy(options: RollingPolicyOptions = {}, mistakes: string[]): RollingPolicy {
  if (options === 'on-checkpoint') {
    const never = Number.POSITIVE_INFINITY;
    return {
      partSizeBytes: never,
      rolloverIntervalMs: never,
      inactivityIntervalMs: never,
      rollsOnCheckpoint: true,
    };
  }
  const partSizeBytes = options.partSize ?? defaultPartSizeBytes;
  if (!Number.isSafeInteger(partSizeBytes) || partSizeBytes < 1) {
    mistakes.push(`rolling.partSize is ${partSizeBytes}: give a whole number of bytes above 0`);
  }
  const interval = (name: 'rolloverInterval' | 'inactivityInterval'): number => {
    const ms = durationMs(options[name] ?? defaultIntervalMs, `fileSink.rolling.${name}`);
    if (ms < 1) mistakes.push(`rolling.${name} is 0: give a time`);
    return ms;
  };
  return {
    partSizeBytes,
    rolloverIntervalMs: interval('rolloverInterval'),
    inactivityIntervalMs: interval('inactivityInterval'),
    rollsOnCheckpoint: false,
  };
}
