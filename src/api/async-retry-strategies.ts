import type { DeepReadonly } from './deep-readonly.js';
import { type Duration, durationMs } from './duration.js';

/** Whether and when a request of async I/O is made again (Flink's AsyncRetryStrategy). Made by AsyncRetryStrategies. */
export interface AsyncRetryStrategy<Result> {
  /** Retries after the first attempt, as in Flink; when they are used up, the last result or error stands. */
  readonly maxAttempts: number;
  /** The delay before the nth retry, counted from 1, in milliseconds. */
  readonly backoffTimeMs: (retry: number) => number;
  readonly ifResult: (result: DeepReadonly<Result>) => boolean;
  readonly ifException: (error: unknown) => boolean;
  /** What is wrong with it, for the error before the job starts. */
  readonly mistakes: readonly string[];
}

export const AsyncRetryStrategies = {
  /** The same delay before every retry. */
  fixedDelay<Result>(options: FixedDelayOptions<Result>): AsyncRetryStrategy<Result> {
    const delayMs = durationMs(options.delay, 'The delay of a retry strategy');
    return strategyOf(options, () => delayMs, []);
  },

  /** Each delay is `multiplier` times the one before, up to `maxDelay`. */
  exponentialBackoff<Result>(options: ExponentialBackoffOptions<Result>): AsyncRetryStrategy<Result> {
    const initialMs = durationMs(options.initialDelay, 'The initialDelay of a retry strategy');
    const maxMs = durationMs(options.maxDelay, 'The maxDelay of a retry strategy');
    const { multiplier = 2 } = options;
    const mistakes = [
      ...(multiplier >= 1 ? [] : [`its multiplier is ${multiplier}: give it 1 or more`]),
      ...(maxMs >= initialMs
        ? []
        : [`its maxDelay (${maxMs} ms) is below its initialDelay (${initialMs} ms)`]),
    ];
    return strategyOf(options, (retry) => Math.min(initialMs * multiplier ** (retry - 1), maxMs), mistakes);
  },
} as const;

interface RetryOptions<Result> {
  /** Retries after the first attempt: 3 means four calls at most. */
  readonly maxAttempts: number;
  /** Which results are asked for again; none by default. */
  readonly ifResult?: (result: DeepReadonly<Result>) => boolean;
  /** Which errors are retried; all by default. */
  readonly ifException?: (error: unknown) => boolean;
}

export interface FixedDelayOptions<Result> extends RetryOptions<Result> {
  readonly delay: Duration;
}

export interface ExponentialBackoffOptions<Result> extends RetryOptions<Result> {
  readonly initialDelay: Duration;
  readonly maxDelay: Duration;
  /** 2 by default. */
  readonly multiplier?: number;
}

function strategyOf<Result>(
  options: RetryOptions<Result>,
  backoffTimeMs: (retry: number) => number,
  mistakes: readonly string[],
): AsyncRetryStrategy<Result> {
  const { maxAttempts, ifResult = () => false, ifException = () => true } = options;
  const isCount = Number.isSafeInteger(maxAttempts) && maxAttempts >= 1;
  return {
    maxAttempts,
    backoffTimeMs,
    ifResult,
    ifException,
    mistakes: isCount
      ? mistakes
      : [`its maxAttempts is ${maxAttempts}: give it a whole number from 1 on`, ...mistakes],
  };
}
