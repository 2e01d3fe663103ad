import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { groupBy } from './group-by.js';
import type { Tally } from './jobs/tally.js';
import { MillraceProcess } from './millrace-process.js';
import type { StateFolder } from './state-folder.js';

const job = fileURLToPath(new URL('./jobs/counting.job.ts', import.meta.url));
const numbers = 40_000;
const keys = 80;

/** Runs the counting job, which fails once in the way that `failure` names. Its topic must be there. */
export function startCounting(
  folder: StateFolder,
  options: { readonly failure?: string; readonly args?: readonly string[] } = {},
): MillraceProcess {
  const env = {
    TEST_NUMBERS: String(numbers),
    TEST_KEYS: String(keys),
    TEST_RATE: '20000',
    TEST_FAILURE: options.failure ?? 'none',
    TEST_MARKER: folder.marker,
    TEST_STATE_DIR: folder.path,
  };
  const args = ['--job', job, '--parallelism', '2', '--state-dir', folder.path];
  return new MillraceProcess([...args, '--checkpoint-interval', '100ms', ...(options.args ?? [])], { env });
}

export async function createTallies(folder: StateFolder): Promise<void> {
  await folder.createTopics({ tallies: 2 });
}

/** Nothing lost, nothing doubled, each key in its order. */
export async function expectExactTallies(folder: StateFolder): Promise<void> {
  const tallies = groupBy(await folder.readTopic<Tally>('tallies'), ({ key }) => key);
  expect(tallies).toEqual(expectedTallies());
}

/** As the counting job should report, computed one number after the other. */
export function expectedTallies(): Map<number, Tally[]> {
  const tallies = new Map<number, Tally[]>();
  for (let key = 0; key < keys; key += 1) {
    const ofKey: Tally[] = [];
    let sum = 0;
    for (let number = key, count = 1; number < numbers; number += keys, count += 1) {
      sum += number;
      if (count % 10 === 0) ofKey.push({ key, count, sum });
    }
    tallies.set(key, ofKey);
  }
  return tallies;
}
