import { describe, expect, it } from 'vitest';
import {
  defaultRestartStrategy,
  type RestartSettings,
  type RestartStrategyName,
  restartStrategyNames,
  withRestartSettings,
} from '../../src/cli/restart-options.js';
import { type RestartStrategy, restartStrategyDefaults } from '../../src/job-manager/restart-strategy.js';

const nothing = { attempts: undefined, delayMs: undefined };

function restartStrategyOf(name: RestartStrategyName, settings: RestartSettings): RestartStrategy {
  return withRestartSettings(defaultRestartStrategy(name), settings);
}

describe('A restart strategy of the command line', () => {
  it('is found by its name, with its defaults', () => {
    expect(restartStrategyNames.map((name) => restartStrategyOf(name, nothing))).toEqual([
      { kind: 'none' },
      restartStrategyDefaults.fixedDelay,
      restartStrategyDefaults.exponentialDelay,
      restartStrategyDefaults.failureRate,
    ]);
  });

  it('changes what was asked for', () => {
    const settings = { attempts: 3, delayMs: 20 };
    expect(restartStrategyOf('fixed-delay', settings)).toMatchObject({ attempts: 3, delayMs: 20 });
    expect(restartStrategyOf('failure-rate', settings)).toMatchObject({
      maxFailuresPerInterval: 3,
      delayMs: 20,
    });
    expect(restartStrategyOf('exponential-delay', settings)).toMatchObject({
      attemptsBeforeResetBackoff: 3,
      initialBackoffMs: 20,
    });
  });

  it('never lets the longest pause be shorter than the first', () => {
    const strategy = restartStrategyOf('exponential-delay', { attempts: undefined, delayMs: 120_000 });
    expect(strategy).toMatchObject({ initialBackoffMs: 120_000, maxBackoffMs: 120_000 });
  });
});
