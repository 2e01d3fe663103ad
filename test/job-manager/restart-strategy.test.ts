import { describe, expect, test } from 'vitest';
import {
  decideRestart,
  noFailuresYet,
  type RestartHistory,
  type RestartStrategy,
  restartStrategyDefaults,
} from '../../src/job-manager/restart-strategy.js';

/** The delays of failures at these times, `give-up` where there is no restart. `jitter` 0.5 means none. */
function delays(
  strategy: RestartStrategy,
  failuresAtMs: readonly number[],
  jitter = 0.5,
): (number | 'give-up')[] {
  let history: RestartHistory = noFailuresYet;
  return failuresAtMs.map((atMs) => {
    const decision = decideRestart(strategy, history, atMs, jitter);
    if (decision.kind === 'give-up') return 'give-up';
    history = decision.history;
    return decision.delayMs;
  });
}

test('"none" never restarts', () => {
  expect(delays({ kind: 'none' }, [0])).toEqual(['give-up']);
});

test('the fixed delay restarts as often as it is told, however long it ran in between', () => {
  const strategy: RestartStrategy = { kind: 'fixed-delay', attempts: 2, delayMs: 700 };
  expect(delays(strategy, [0, 1_000, 99_000_000])).toEqual([700, 700, 'give-up']);
});

test('the failure rate counts only failures within its interval', () => {
  const strategy: RestartStrategy = {
    kind: 'failure-rate',
    maxFailuresPerInterval: 2,
    failureRateIntervalMs: 60_000,
    delayMs: 10,
  };
  expect(delays(strategy, [0, 1_000, 61_000, 62_000, 63_000])).toEqual([10, 10, 10, 10, 'give-up']);
});

describe('the exponential delay', () => {
  const strategy = restartStrategyDefaults.exponentialDelay;

  test('begins short enough for a recovery within half a second, and grows by half each time', () => {
    expect(delays(strategy, [0, 100, 200, 300])).toEqual([50, 75, 113, 169]);
  });

  test('never exceeds its maximum, jitter included', () => {
    const failures = Array.from({ length: 40 }, (_, i) => i);
    expect(delays(strategy, failures, 0.999).at(-1)).toBe(60_000);
    expect(delays(strategy, failures, 0).at(-1)).toBe(54_000);
  });

  test('varies by a tenth up and down', () => {
    const wide = { ...strategy, initialBackoffMs: 1_000 };
    expect(delays(wide, [0], 0)).toEqual([900]);
    expect(delays(wide, [0], 0.999_999)).toEqual([1_100]);
  });

  test('begins anew after a quiet hour, counted from the end of the last wait', () => {
    const hour = strategy.resetBackoffThresholdMs;
    expect(delays(strategy, [0, 10, 10 + hour + 74, 20 + 2 * hour + 300])).toEqual([50, 75, 113, 50]);
  });

  test('gives up after its number of attempts without a quiet time, if it has one', () => {
    const bounded = { ...strategy, attemptsBeforeResetBackoff: 2 };
    expect(delays(bounded, [0, 1, 2])).toEqual([50, 75, 'give-up']);
    expect(delays(bounded, [0, 1, 9_000_000])).toEqual([50, 75, 50]);
  });
});
