import { describe, expect, test } from 'vitest';
import { reportOf } from './failure-report.js';
import { runSeed, type SeedResult } from './run-seed.js';

/**
 * `MILLRACE_SEEDS=20000 npx vitest run test/simulation` runs more seeds; `MILLRACE_SEED=123` replays one, with
 * its whole trace if it fails.
 */
const replayed = process.env.MILLRACE_SEED;
const seedCount = Number(process.env.MILLRACE_SEEDS ?? 500);
const seedsPerTest = 50;
const testTimeoutMs = 300_000;

const strikeKinds = ['kill-process', 'crash-thread', 'lose-thread', 'stick-thread', 'throw', 'stop'] as const;
const results: SeedResult[] = [];

describe.runIf(replayed !== undefined)('one seed', () => {
  test(`gives exactly-once output, seed ${replayed}`, { timeout: testTimeoutMs }, async () => {
    const result = await runSeed(Number(replayed), Number.POSITIVE_INFINITY);
    expect(result.violations.length === 0 ? '' : reportOf([result])).toBe('');
  });
});

describe.runIf(replayed === undefined)('whatever fails, in whatever order', () => {
  const chunks = Array.from(
    { length: Math.ceil(seedCount / seedsPerTest) },
    (_, index) => index * seedsPerTest,
  );

  test.each(chunks)(
    'output and state are as if nothing had failed (seeds from %i)',
    {
      timeout: testTimeoutMs,
    },
    async (first) => {
      const failed: SeedResult[] = [];
      for (let seed = first; seed < Math.min(first + seedsPerTest, seedCount); seed += 1) {
        const result = await runSeed(seed);
        results.push(result);
        if (result.violations.length > 0) failed.push(result);
      }
      expect(failed.length === 0 ? '' : reportOf(failed)).toBe('');
    },
  );

  test.runIf(seedCount >= 500)('the seeds reach what they are meant to reach', () => {
    const total = (of: (result: SeedResult) => number): number =>
      results.reduce((sum, result) => sum + of(result), 0);
    for (const kind of strikeKinds) {
      expect(
        total((result) => result.struck.get(kind) ?? 0),
        kind,
      ).toBeGreaterThan(results.length / 100);
    }
    expect(total((result) => result.checkpointsCompleted)).toBeGreaterThan(5 * results.length);
    expect(total((result) => result.attempts)).toBeGreaterThan(1.5 * results.length);
    expect(results.filter((result) => result.attempts >= 4).length).toBeGreaterThan(results.length / 20);
  });
});

test('a seed gives the same trace each time, and another seed another one', async () => {
  const [first, again, other] = [await runSeed(7), await runSeed(7), await runSeed(8)];
  expect(first.effects).toBeGreaterThan(50);
  expect(again.traceDigest).toBe(first.traceDigest);
  expect(other.traceDigest).not.toBe(first.traceDigest);
});
