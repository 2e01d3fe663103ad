/**
 * Whether and when a failed job is started again. Flink's four strategies, with its defaults; a strategy's
 * memory is a value, so that a decision depends on nothing else.
 */
export type RestartStrategy =
  | { readonly kind: 'none' }
  | { readonly kind: 'fixed-delay'; readonly attempts: number; readonly delayMs: number }
  | ExponentialDelay
  | {
      readonly kind: 'failure-rate';
      readonly maxFailuresPerInterval: number;
      readonly failureRateIntervalMs: number;
      readonly delayMs: number;
    };

export interface ExponentialDelay {
  readonly kind: 'exponential-delay';
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly backoffMultiplier: number;
  /** Without a failure for this long, the next one begins with `initialBackoffMs` again. */
  readonly resetBackoffThresholdMs: number;
  /** The delay varies by up to this fraction of itself, up and down. */
  readonly jitterFactor: number;
  /** Restarts without such a quiet time between them; more fail the job. */
  readonly attemptsBeforeResetBackoff: number;
}

export const restartStrategyDefaults = {
  fixedDelay: { kind: 'fixed-delay', attempts: 1, delayMs: 1_000 },
  exponentialDelay: {
    kind: 'exponential-delay',
    // Flink waits 1 s, for a cluster to settle. Here threads are back in milliseconds, and a job should process
    // again within half a second of its first failure.
    initialBackoffMs: 50,
    maxBackoffMs: 60_000,
    backoffMultiplier: 1.5,
    resetBackoffThresholdMs: 3_600_000,
    jitterFactor: 0.1,
    attemptsBeforeResetBackoff: Number.POSITIVE_INFINITY,
  },
  failureRate: {
    kind: 'failure-rate',
    maxFailuresPerInterval: 1,
    failureRateIntervalMs: 60_000,
    delayMs: 1_000,
  },
} as const satisfies Record<string, RestartStrategy>;

/** What a strategy remembers. Monotonic times. */
export interface RestartHistory {
  /** Failures that still count, oldest first; no more of them than any strategy looks at. */
  readonly failuresAtMs: readonly number[];
  /** Of the exponential delay and the fixed one: restarts since the last quiet time. */
  readonly restarts: number;
  readonly backoffMs: number;
}

export const noFailuresYet: RestartHistory = { failuresAtMs: [], restarts: 0, backoffMs: 0 };

export type RestartDecision =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly history: RestartHistory }
  /** `reason` completes "The job is not restarted: ". */
  | { readonly kind: 'give-up'; readonly reason: string };

/** `randomFraction` is uniform in [0, 1), for the jitter. */
export function decideRestart(
  strategy: RestartStrategy,
  history: RestartHistory,
  nowMs: number,
  randomFraction: number,
): RestartDecision {
  switch (strategy.kind) {
    case 'none':
      return { kind: 'give-up', reason: 'the restart strategy is "none".' };
    case 'fixed-delay': {
      if (history.restarts >= strategy.attempts) {
        return {
          kind: 'give-up',
          reason: `it was restarted ${strategy.attempts} times, as often as the fixed-delay strategy allows.`,
        };
      }
      return {
        kind: 'restart',
        delayMs: strategy.delayMs,
        history: { ...history, restarts: history.restarts + 1 },
      };
    }
    case 'exponential-delay':
      return exponentialDelay(strategy, history, nowMs, randomFraction);
    case 'failure-rate': {
      const counted = history.failuresAtMs.filter((atMs) => nowMs - atMs < strategy.failureRateIntervalMs);
      if (counted.length >= strategy.maxFailuresPerInterval) {
        return {
          kind: 'give-up',
          reason: `it failed more than ${strategy.maxFailuresPerInterval} times within ${strategy.failureRateIntervalMs} ms, the failure-rate strategy's limit.`,
        };
      }
      return {
        kind: 'restart',
        delayMs: strategy.delayMs,
        history: { ...history, failuresAtMs: [...counted, nowMs] },
      };
    }
  }
}

function exponentialDelay(
  strategy: ExponentialDelay,
  history: RestartHistory,
  nowMs: number,
  randomFraction: number,
): RestartDecision {
  const lastFailureAtMs = history.failuresAtMs.at(-1);
  const isFirst = lastFailureAtMs === undefined;
  // The wait itself is no time without failure.
  const wasQuiet = isFirst || nowMs - lastFailureAtMs >= strategy.resetBackoffThresholdMs + history.backoffMs;
  const restarts = wasQuiet ? 0 : history.restarts;
  if (restarts >= strategy.attemptsBeforeResetBackoff) {
    return {
      kind: 'give-up',
      reason: `it was restarted ${restarts} times without running for ${strategy.resetBackoffThresholdMs} ms in between, the exponential-delay strategy's limit.`,
    };
  }
  const backoffMs = wasQuiet
    ? strategy.initialBackoffMs
    : Math.min(history.backoffMs * strategy.backoffMultiplier, strategy.maxBackoffMs);
  const jitterMs = backoffMs * strategy.jitterFactor * (2 * randomFraction - 1);
  return {
    kind: 'restart',
    delayMs: Math.min(Math.round(backoffMs + jitterMs), strategy.maxBackoffMs),
    history: { failuresAtMs: [nowMs], restarts: restarts + 1, backoffMs },
  };
}
