import { runSeed } from './run-seed.js';

/**
 * `node --import jiti/register test/simulation/find-failing-seeds.ts FIRST COUNT [FAILURES]`: runs seeds one
 * after the other until so many have failed, and writes one JSON line for each that did. Without a test
 * runner around it, so that it can run on a changed copy of the source.
 */
const [first = 0, count = 500, failuresMax = Number.POSITIVE_INFINITY] = process.argv.slice(2).map(Number);
let failures = 0;
for (let seed = first; seed < first + count && failures < failuresMax; seed += 1) {
  const { violations } = await runSeed(seed);
  if (violations.length === 0) continue;
  failures += 1;
  process.stdout.write(`${JSON.stringify({ seed, violation: violations[0] })}\n`);
}
