import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { rangesOfTopic, readRanges } from '../../src/log/partition-ranges.js';
import { withLog } from '../log/embedded/log-folder.js';
import { errorEntries } from './error-entries.js';
import { MillraceProcess } from './millrace-process.js';
import { StateFolder } from './state-folder.js';

const job = fileURLToPath(new URL('./jobs/dead-letters.job.ts', import.meta.url));
const isBroken = (n: number): boolean => n % 7 === 0;

interface PutAside {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function readPutAside(folder: StateFolder): Promise<PutAside[]> {
  return withLog(join(folder.path, 'log'), async (client) => {
    const seen: PutAside[] = [];
    await readRanges(client, await rangesOfTopic(client, 'unreadable'), (batch) => {
      seen.push({
        key: batch.bytes.toString('utf8', batch.keyStart, batch.keyEnd),
        value: batch.bytes.toString('utf8', batch.valueStart, batch.valueEnd),
        headers: Object.fromEntries(batch.headers().map(({ key, value }) => [key, String(value)])),
      });
    });
    return seen;
  });
}

it('Records that can’t be read are put aside once each, as they were, over a failure of the job', async () => {
  const folder = new StateFolder();
  await folder.createTopics({ texts: 2, numbers: 1, unreadable: 1 });
  const all = Array.from({ length: 2_000 }, (_, n) => n);
  await folder.append(
    all.map((n) => ({
      topic: 'texts',
      partition: n % 2,
      key: Buffer.from(`key ${n}`),
      value: Buffer.from(isBroken(n) ? `{broken ${n}` : String(n)),
      timestamp: 1_000 + n,
      headers: [{ key: 'trace', value: Buffer.from(`t${n}`) }],
    })),
  );
  await new MillraceProcess(
    ['--job', job, '--state-dir', folder.path, '--parallelism', '2', '--checkpoint-interval', '50ms'],
    { env: { TEST_MARKER: folder.marker, TEST_STATE_DIR: folder.path } },
  ).endsWith(0);
  expect(existsSync(folder.marker)).toBe(true);
  const numbers = await folder.readTopic<number>('numbers');
  expect(numbers.sort((a, b) => a - b)).toEqual(all.filter((n) => !isBroken(n)));
  const aside = await readPutAside(folder);
  const ofNumber = (each: PutAside): number => Number(/\d+/.exec(each.key));
  aside.sort((a, b) => ofNumber(a) - ofNumber(b));
  expect(aside.map((each) => each.value)).toEqual(all.filter(isBroken).map((n) => `{broken ${n}`));
  expect(aside[1]?.headers).toEqual({
    trace: 't7',
    'millrace.topic': 'texts',
    'millrace.partition': '1',
    'millrace.offset': '3',
    'millrace.reason': expect.stringMatching(/JSON/),
    'millrace.source': 'texts',
  });
}, 60_000);

it('A topic for them that does not exist is missed before anything is read', async () => {
  const folder = new StateFolder();
  await folder.createTopics({ texts: 2, numbers: 1 });
  const run = new MillraceProcess(['--job', job, '--state-dir', folder.path], {
    env: { TEST_MARKER: folder.marker, TEST_STATE_DIR: folder.path },
  });
  await run.endsWith(1);
  expect(errorEntries(run)).toEqual([expect.stringMatching(/Topic unreadable does not exist\./)]);
  expect(run.matches(/Attempt \d+ begins/)).toEqual([]);
});
