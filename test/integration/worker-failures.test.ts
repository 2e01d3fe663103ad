import { describe, expect, it, vi } from 'vitest';
import { createTallies, expectExactTallies, startCounting } from './counting-job.js';
import { boundOnQuietMachineMs } from './quiet-machine.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

describe('A TaskManager that fails', () => {
  it.each([
    ['a function that throws', 'throw', /operator "count" \(subtask \d\) threw/],
    ['a promise that nobody handles', 'unhandled-rejection', /caused by: rejected on purpose/],
    ['process.exit in a function', 'process-exit', /caused by: worker exited with code: 3/],
    ['a heap that is exhausted', 'heap-exhaustion', /reaching memory limit/],
    ['an endless loop', 'endless-loop', /has given no sign of life for 1\d\d\d ms/],
    ['an error in a timer’s callback', 'timer-callback', /caused by: thrown in a timer on purpose/],
  ])('by %s is restarted from the last checkpoint, and the result is exact', async (what, failure, said) => {
    const folder = new StateFolder();
    await createTallies(folder);
    const args = failure === 'endless-loop' ? ['--heartbeat-timeout', '1s'] : ['--heap-mb', '160'];
    const run = startCounting(folder, { failure, args });
    await run.endsWith(0);

    await run.untilLine(said);
    const [, checkpoint] = await run.untilLine(/Attempt 2 begins from checkpoint (\d+)/);
    expect(Number(checkpoint)).toBeGreaterThan(0);
    const [, afterMs] = await run.untilLine(/processed its first record (\d+) ms after the failure/);
    process.stdout.write(`After ${what}: first record processed again after ${afterMs} ms.\n`);
    expect(Number(afterMs)).toBeLessThan(boundOnQuietMachineMs(500));

    await expectExactTallies(folder);
  });

  it('by returning a promise ends the job: no restart would cure it', async () => {
    const folder = new StateFolder();
    await createTallies(folder);
    const run = startCounting(folder, { failure: 'async-function' });
    await run.endsWith(1);
    await run.untilLine(/returned a promise; functions must be synchronous/);
    expect(run.matches(/Attempt 2/)).toEqual([]);
  });
});
