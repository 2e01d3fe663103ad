import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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
  const ids = idsIn(output);
  // Not with two arrays of so many numbers: a difference would be printed number by number.
  expect(ids.length).toBe(files * linesPerFile);
  expect(new Set(ids).size).toBe(files * linesPerFile);
});

it('A job that watches a folder reads the files that come, over a stop and a start', async () => {
  const folder = new StateFolder();
  const [input, output] = [join(folder.outside, 'in'), join(folder.outside, 'out')];
  mkdirSync(input);
  const appear = (file: number): void => {
    // Whole from the first moment: written under a name that the glob leaves out.
    writeFileSync(join(input, `.${file}`), `{"id":${file * 2}}\n{"id":${file * 2 + 1}}\n`);
    renameSync(join(input, `.${file}`), join(input, `${file}.jsonl`));
  };
  for (const round of [0, 1]) {
    const run = new MillraceProcess(
      ['--job', job, '--parallelism', '2', '--state-dir', folder.path, '--checkpoint-interval', '50ms'],
      { env: { TEST_INPUT: input, TEST_OUTPUT: output, TEST_WATCHES: 'yes' } },
    );
    await run.untilLine(/Attempt \d+ begins/);
    for (const file of [0, 1, 2]) appear(round * 3 + file);
    const expected = Array.from({ length: 6 * (round + 1) }, (_, id) => id);
    await expect.poll(() => idsIn(output).sort((a, b) => a - b), { timeout: 30_000 }).toEqual(expected);
    run.kill('SIGTERM');
    await run.endsWith(0);
  }
});

/** Of all finished files. */
function idsIn(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'))
    .map((line) => (JSON.parse(line) as { readonly id: number }).id);
}
