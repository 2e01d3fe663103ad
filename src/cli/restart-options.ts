import { type RestartStrategy, restartStrategyDefaults } from '../job-manager/restart-strategy.js';

/** As in Flink's `restart-strategy.type`. */
export const restartStrategyNames = [
  'none',
  'fixed-delay',
  'exponential-delay',
  'failure-rate',
] as const satisfies readonly RestartStrategy['kind'][];

export type RestartStrategyName = (typeof restartStrategyNames)[number];

/** What the command line may change of a strategy; undefined leaves its default. */
export interface RestartSettings {
  /** Restarts before the job fails; of failure-rate, those within its interval. */
  readonly attempts: number | undefined;
  /** Pause before a restart; of exponential-delay, before the first. */
  readonly delayMs: number | undefined;
}

export function restartStrategyOf(name: RestartStrategyName, settings: RestartSettings): RestartStrategy {
  const { fixedDelay, exponentialDelay, failureRate } = restartStrategyDefaults;
  switch (name) {
    case 'none':
      return { kind: 'none' };
    case 'fixed-delay':
      return {
        ...fixedDelay,
        attempts: settings.attempts ?? fixedDelay.attempts,
        delayMs: settings.delayMs ?? fixedDelay.delayMs,
      };
    case 'exponential-delay': {
      const initialBackoffMs = settings.delayMs ?? exponentialDelay.initialBackoffMs;
      return {
        ...exponentialDelay,
        attemptsBeforeResetBackoff: settings.attempts ?? exponentialDelay.attemptsBeforeResetBackoff,
        initialBackoffMs,
        maxBackoffMs: Math.max(initialBackoffMs, exponentialDelay.maxBackoffMs),
      };
    }
    case 'failure-rate':
      return {
        ...failureRate,
        maxFailuresPerInterval: settings.attempts ?? failureRate.maxFailuresPerInterval,
        delayMs: settings.delayMs ?? failureRate.delayMs,
      };
  }
}
