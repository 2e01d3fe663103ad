import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { sleep } from '../log/collecting-reader.js';
import { MillraceProcess } from './millrace-process.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 120_000 });

const job = fileURLToPath(new URL('./jobs/files.job.ts', import.meta.url));
const files = 6;
const linesPerFile = 25_000;

it('A job from files to files, killed with -9 at any time, has each line in one finished file', async () => {
  const folder = new StateFolder();
  const [input, output] = [join(folder.outside, 'in'), join(folder.outside, 'out')];
  mkdirSync(input);
  for (let file = 0; file < files; file += 1) {
    const lines = Array.from({ length: linesPerFile }, (_, i) => `{"id":${file * linesPerFile + i}}\n`);
    writeFileSync(join(input, `${file}.jsonl`), lines.join(''));
  }
  const start = (): MillraceProcess =>
    new MillraceProcess(
      ['--job', job, '--parallelism', '2', '--state-dir', folder.path, '--checkpoint-interval', '30ms'],
      { env: { TEST_INPUT: input, TEST_OUTPUT: output } },
    );
  let kills = 0;
  for (; kills < 4; kills += 1) {
    const run = start();
    await run.untilLine(/First record processed|only to end|Finished/);
    await sleep(Math.random() * 150);
    if (!run.isRunning) break;
    run.kill('SIGKILL');
    await run.end();
  }
  expect(kills).toBeGreaterThan(0);
  await start().endsWith(0);

  expect(readdirSync(output).filter((name) => name.startsWith('.'))).toEqual([]);
  const ids = readdirSync(output).flatMap((name) =>
    readFileSync(join(output, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly id: number }).id),
  );
  // Not with two arrays of so many numbers: a difference would be printed number by number.
  expect(ids.length).toBe(files * linesPerFile);
  expect(new Set(ids).size).toBe(files * linesPerFile);
});
