import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { record } from '../log/embedded/log-folder.js';
import { errorEntries } from './error-entries.js';
import type { FaultyPlace, Part } from './jobs/faulty.job.js';
import { MillraceProcess } from './millrace-process.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

const job = fileURLToPath(new URL('./jobs/faulty.job.ts', import.meta.url));

const partitions = 2;
const records = 400;
/** Both of partition 1, which subtask 1 reads, and not filtered out; their users' keys lie in different subtasks. */
const faulty = { onItsThread: 333, onTheOther: 335 };

/** What the job says of its failures, when that place fails at that record. */
async function failuresAt(place: FaultyPlace, id: number, restarts = 0): Promise<string[]> {
  const folder = new StateFolder();
  await folder.createTopics({ parts: partitions, passed: 1 });
  const parts = Array.from({ length: records }, (_, n): Part => ({ user: `user-${n % 17}`, id: n, time: n }));
  await folder.append(parts.map((part) => record('parts', JSON.stringify(part), part.id % partitions)));
  const strategy =
    restarts === 0
      ? ['none']
      : ['fixed-delay', '--restart-attempts', `${restarts}`, '--restart-delay', '1ms'];
  const run = new MillraceProcess(
    ['--job', job, '--parallelism', '2', '--state-dir', folder.path, '--restart-strategy', ...strategy],
    { env: { TEST_FAULTY_PLACE: place, TEST_FAULTY_ID: `${id}` } },
  );
  await run.endsWith(1);
  const failures = errorEntries(run).filter((entry) => /Attempt \d failed/.test(entry));
  expect(failures.length).toBeGreaterThan(restarts);
  return failures;
}

describe('A function behind an exchange that throws names the record that it was given', () => {
  it.each<[string, FaultyPlace, number, RegExp]>([
    [
      'in a keyed function on the thread that read it, and again after a restart',
      'keyed-function',
      faulty.onItsThread,
      /processElement\(\) of operator "pass-on" \(subtask 1\) threw\. The record is at topic parts, partition 1, offset 166\./,
    ],
    [
      'in a keyed function on another thread',
      'keyed-function',
      faulty.onTheOther,
      /processElement\(\) of operator "pass-on" \(subtask 0\) threw\. The record is at topic parts, partition 1, offset 167\./,
    ],
    [
      'behind a second exchange',
      'behind-second-exchange',
      faulty.onTheOther,
      /The map function of operator "look" \(subtask \d\) threw\. The record is at topic parts, partition 1, offset 167\./,
    ],
    [
      'in a sink',
      'sink',
      faulty.onItsThread,
      /Sink "passed" can't make a record of an element: no 333\. The record is at topic parts, partition 1, offset 166\./,
    ],
  ])('%s', async (_where, place, id, sentence) => {
    for (const failure of await failuresAt(place, id, place === 'keyed-function' ? 1 : 0)) {
      expect(failure).toMatch(sentence);
      expect(failure).toContain(`no ${id}`);
    }
  });

  it('and none where it was a timer', async () => {
    for (const failure of await failuresAt('timer', faulty.onItsThread)) {
      expect(failure).toMatch(/onTimer\(\) of operator "pass-on" \(subtask \d\) threw\.\s/);
      expect(failure).not.toContain('The record is at');
    }
  });
});
