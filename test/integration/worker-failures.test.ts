import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { groupBy } from './group-by.js';
import type { Tally } from './jobs/tally.js';
import { MillraceProcess } from './millrace-process.js';
import { boundOnQuietMachineMs } from './quiet-machine.js';
import { StateFolder } from './state-folder.js';

const job = fileURLToPath(new URL('./jobs/counting.job.ts', import.meta.url));
const numbers = 40_000;
const keys = 80;

/** As the counting job should report, computed one number after the other. */
function expectedTallies(): Map<number, Tally[]> {
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

async function startCounting(folder: StateFolder, failure: string): Promise<MillraceProcess> {
  await folder.createTopics({ tallies: 2 });
  return new MillraceProcess(
    [
      ...['--job', job, '--parallelism', '2', '--state-dir', folder.path],
      ...['--checkpoint-interval', '100ms', '--heap-mb', '160'],
      ...(failure === 'endless-loop' ? ['--heartbeat-timeout', '1s'] : []),
    ],
    {
      env: {
        TEST_NUMBERS: String(numbers),
        TEST_KEYS: String(keys),
        TEST_RATE: '20000',
        TEST_FAILURE: failure,
        TEST_MARKER: folder.marker,
        TEST_STATE_DIR: folder.path,
      },
    },
  );
}

describe('A TaskManager that fails', () => {
  it.each([
    ['a function that throws', 'throw', /operator "count" \(subtask \d\) threw/],
    ['a promise that nobody handles', 'unhandled-rejection', /caused by: rejected on purpose/],
    ['process.exit in a function', 'process-exit', /caused by: worker exited with code: 3/],
    ['a heap that is exhausted', 'heap-exhaustion', /reaching memory limit/],
    ['an endless loop', 'endless-loop', /has given no sign of life for 1\d\d\d ms/],
    ['an error in a timer’s callback', 'timer-callback', /caused by: thrown in a timer on purpose/],
  ])(
    'by %s is restarted from the last checkpoint, and the result is exact',
    async (what, failure, said) => {
      const folder = new StateFolder();
      const run = await startCounting(folder, failure);
      await run.endsWith(0);

      await run.untilLine(said);
      const [, checkpoint] = await run.untilLine(/Attempt 2 begins from checkpoint (\d+)/);
      expect(Number(checkpoint)).toBeGreaterThan(0);
      const [, afterMs] = await run.untilLine(/processed its first record (\d+) ms after the failure/);
      process.stdout.write(`After ${what}: first record processed again after ${afterMs} ms.\n`);
      expect(Number(afterMs)).toBeLessThan(boundOnQuietMachineMs(500));

      const tallies = groupBy(await folder.readTopic<Tally>('tallies'), ({ key }) => key);
      expect(tallies).toEqual(expectedTallies());
    },
    60_000,
  );

  it('by returning a promise ends the job: no restart would cure it', async () => {
    const run = await startCounting(new StateFolder(), 'async-function');
    await run.endsWith(1);
    await run.untilLine(/returned a promise; functions must be synchronous/);
    expect(run.matches(/Attempt 2/)).toEqual([]);
  });
});
