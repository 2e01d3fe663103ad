import { type RestartStrategy, restartStrategyDefaults } from '../job-manager/restart-strategy.js';

/** As in Flink's `restart-strategy.type`. */
export const restartStrategyNames = [
  'none',
  'fixed-delay',
  'exponential-delay',
  'failure-rate',
] as const satisfies readonly RestartStrategy['kind'][];

export type RestartStrategyName = (typeof restartStrategyNames)[number];

/** What the command line may change of a strategy; undefined leaves it as it is. */
export interface RestartSettings {
  /** Restarts before the job fails; of failure-rate, those within its interval. */
  readonly attempts: number | undefined;
  /** Pause before a restart; of exponential-delay, before the first. */
  readonly delayMs: number | undefined;
}

export function defaultRestartStrategy(name: RestartStrategyName): RestartStrategy {
  switch (name) {
    case 'none':
      return { kind: 'none' };
    case 'fixed-delay':
      return restartStrategyDefaults.fixedDelay;
    case 'exponential-delay':
      return restartStrategyDefaults.exponentialDelay;
    case 'failure-rate':
      return restartStrategyDefaults.failureRate;
  }
}

export function withRestartSettings(strategy: RestartStrategy, settings: RestartSettings): RestartStrategy {
  const { attempts, delayMs } = settings;
  switch (strategy.kind) {
    case 'none':
      return strategy;
    case 'fixed-delay':
      return {
        ...strategy,
        attempts: attempts ?? strategy.attempts,
        delayMs: delayMs ?? strategy.delayMs,
      };
    case 'exponential-delay': {
      const initialBackoffMs = delayMs ?? strategy.initialBackoffMs;
      return {
        ...strategy,
        attemptsBeforeResetBackoff: attempts ?? strategy.attemptsBeforeResetBackoff,
        initialBackoffMs,
        maxBackoffMs: Math.max(initialBackoffMs, strategy.maxBackoffMs),
      };
    }
    case 'failure-rate':
      return {
        ...strategy,
        maxFailuresPerInterval: attempts ?? strategy.maxFailuresPerInterval,
        delayMs: delayMs ?? strategy.delayMs,
      };
  }
}
