import { MillraceError } from '../protocol/failures.js';
import type { DeepReadonly } from './deep-readonly.js';
import { type Duration, durationMs } from './duration.js';
import { checkedAlignment, type WatermarkAlignment } from './watermark-alignment.js';
import type { WatermarkGenerator } from './watermark-generator.js';

/**
 * How a source's elements get their event time, and how far behind the newest one the watermark stays.
 * Made by `Watermarks`; kept per split, so that one slow partition's records are not late because another
 * partition is ahead.
 */
export type WatermarkStrategy<T> = WatermarkRule<T> & {
  /** Splits wait for those of all sources with the same group; undefined for never. */
  readonly alignment: WatermarkAlignment | undefined;
  /**
   * Lets splits wait that are further than `maxDrift` ahead of the slowest subtask of all sources of `group`,
   * so that a source that is read faster does not fill state with what waits for the slower one.
   * @param updateInterval how often the group's watermark is told, `'1s'` by default.
   * @throws MillraceError where a setting makes no sense, or the strategy has no watermarks.
   */
  withWatermarkAlignment(group: string, maxDrift: Duration, updateInterval?: Duration): WatermarkStrategy<T>;
};

/** Where watermarks come from. */
export type WatermarkRule<T> =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'bounded-out-of-orderness';
      readonly maxOutOfOrdernessMs: number;
      readonly timestampOf: TimestampAssigner<T> | undefined;
    }
  | {
      readonly kind: 'generator';
      readonly createGenerator: () => WatermarkGenerator<T>;
      readonly timestampOf: TimestampAssigner<T> | undefined;
    };

/** An element's event time in epoch ms. `recordTimestamp` is the log record's own, or NO_TIMESTAMP. */
export type TimestampAssigner<T> = (element: DeepReadonly<T>, recordTimestamp: number) => number;

export const Watermarks = {
  /** No watermarks: event-time timers never fire before the end of the input. Elements keep the record's own timestamp. */
  none<T>(): WatermarkStrategy<T> {
    return strategyOf<T>({ kind: 'none' });
  },

  /** Within each split, timestamps never fall. Without `timestampOf` the record's own timestamp counts. */
  monotonous<T>(timestampOf?: TimestampAssigner<T>): WatermarkStrategy<T> {
    return strategyOf<T>({ kind: 'bounded-out-of-orderness', maxOutOfOrdernessMs: 0, timestampOf });
  },

  /** Within each split, an element is at most `maxOutOfOrderness` older than the newest before it; older ones are late. */
  boundedOutOfOrderness<T>(
    maxOutOfOrderness: Duration,
    timestampOf?: TimestampAssigner<T>,
  ): WatermarkStrategy<T> {
    const maxOutOfOrdernessMs = durationMs(
      maxOutOfOrderness,
      'The maxOutOfOrderness of a watermark strategy',
    );
    return strategyOf<T>({ kind: 'bounded-out-of-orderness', maxOutOfOrdernessMs, timestampOf });
  },

  /** Watermarks of the job's own making: `createGenerator` is called once a split. Without `timestampOf` the record's own timestamp counts. */
  forGenerator<T>(
    createGenerator: () => WatermarkGenerator<T>,
    timestampOf?: TimestampAssigner<T>,
  ): WatermarkStrategy<T> {
    return strategyOf<T>({ kind: 'generator', createGenerator, timestampOf });
  },
} as const;

function strategyOf<T>(rule: WatermarkRule<T>, alignment?: WatermarkAlignment): WatermarkStrategy<T> {
  return {
    ...rule,
    alignment,
    withWatermarkAlignment(group, maxDrift, updateInterval = '1s') {
      if (rule.kind !== 'none') return strategyOf(rule, checkedAlignment(group, maxDrift, updateInterval));
      throw new MillraceError('A strategy without watermarks has none that could be aligned.', {
        domain: 'user-code',
        action: 'fail-job',
      });
    },
  };
}

/**
 * The event time that a strategy gives an element.
 * @throws MillraceError when the user's function answers no whole number of epoch ms.
 */
export function assignTimestamp<T>(strategy: WatermarkRule<T>, value: T, recordTimestamp: number): number {
  if (strategy.kind === 'none' || strategy.timestampOf === undefined) return recordTimestamp;
  const timestamp = strategy.timestampOf(value as DeepReadonly<T>, recordTimestamp);
  if (Number.isSafeInteger(timestamp)) return timestamp;
  // A clock with fractions is a common source of times; a missing field is a mistake.
  if (Number.isFinite(timestamp)) return Math.floor(timestamp);
  throw new MillraceError(
    `The timestamp function of a watermark strategy answered ${String(timestamp)}; it must answer epoch milliseconds as a number (or its second argument, the record's own timestamp).`,
    { domain: 'user-code', action: 'restart' },
  );
}
