import { expect, test } from 'vitest';
import { runSeed } from './run-seed.js';

test('try', async () => {
  const from = Number(process.env['FROM'] ?? 0);
  const n = Number(process.env['N'] ?? 3);
  const start = performance.now();
  let effects = 0,
    bad = 0,
    starts = 0;
  for (let seed = from; seed < from + n; seed++) {
    const t = performance.now();
    const r = await runSeed(seed, Number(process.env['LINES'] ?? 60));
    effects += r.effects;
    starts += r.processStarts;
    if (r.violations.length > 0) {
      bad++;
      if (bad <= Number(process.env['SHOW'] ?? 3))
        console.log(
          `SEED ${seed} (${(performance.now() - t).toFixed(0)} ms, ${r.processStarts} starts, ${r.virtualMs.toFixed(0)} virtual ms)\n` +
            r.violations.slice(0, 5).join('\n') +
            '\n--\n' +
            r.lastTraceLines.join('\n'),
        );
      else console.log(`SEED ${seed} ${r.violations[0]!.slice(0, 300)}`);
    }
  }
  console.log({ ms: performance.now() - start, effects, bad, starts, n });
}, 600000);
