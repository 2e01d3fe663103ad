import type { SeedResult } from './run-seed.js';

/** The seeds that failed, how to replay them, and how the first of them ended. */
export function reportOf(failed: readonly SeedResult[]): string {
  const [first] = failed;
  if (first === undefined) return 'No seed failed.';
  return [
    `${failed.length} seed(s) failed:`,
    ...failed.map((result) => `  seed ${result.seed}: ${result.violations[0]}`),
    '',
    `All violations of seed ${first.seed}, after ${first.effects} effects and ${first.virtualMs.toFixed(0)} virtual ms:`,
    ...first.violations.map((violation) => `  ${violation}`),
    'The end of its trace:',
    ...first.lastTraceLines.map((line) => `  ${line}`),
    '',
    `Replay it with its whole trace: MILLRACE_SEED=${first.seed} npx vitest run test/simulation/simulation.test.ts`,
  ].join('\n');
}
