import { expect, it } from 'vitest';
import { defaultRecordsPerStepMax } from '../../src/task-manager/task-executor.js';
import { runInProcess } from './run-in-process.js';

interface Element {
  readonly source: 'slow' | 'fast';
  readonly at: number;
}

it('A fast source whose watermarks are aligned stays within its drift of a slow one', async () => {
  const collected = (await runInProcess('alignment.job.ts', 1)).get('collect') as readonly Element[];
  expect(collected).toHaveLength(10_100);
  let slow = 0;
  let aheadMsMax = 0;
  for (const { source, at } of collected) {
    if (source === 'slow') slow = at;
    else aheadMsMax = Math.max(aheadMsMax, at - slow);
  }
  // The drift, the slow source's own step, and what one step of the fast one may add before it looks.
  expect(aheadMsMax).toBeLessThan(5_000 + 1_000 + defaultRecordsPerStepMax * 10 + 1_000);
  // Not held back further than it must be, either.
  expect(aheadMsMax).toBeGreaterThan(1_000);
});
