import { describe, expect, it, vi } from 'vitest';
import { createTallies, expectExactTallies, expectedTallies, startCounting } from './counting-job.js';
import { MillraceProcess } from './millrace-process.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

const firstRecord = /First record processed/;

async function newFolder(): Promise<StateFolder> {
  const folder = new StateFolder();
  await createTallies(folder);
  return folder;
}

/** To be compared as multisets. */
function asTexts(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}

/** The checkpoint that a run began from. */
async function beginning(run: MillraceProcess): Promise<number> {
  return Number((await run.untilLine(/begins from checkpoint (\d+)/))[1]);
}

describe('A second process on a state folder', () => {
  it('is refused, and the first is not disturbed', async () => {
    const folder = await newFolder();
    const first = startCounting(folder);
    await first.untilLine(firstRecord);
    const second = startCounting(folder);
    await second.endsWith(1);
    await second.untilLine(new RegExp(`in use by another process \\(process ${first.pid} on`));
    await first.endsWith(0);
    await expectExactTallies(folder);
  });
});

describe('A signal', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s stops the job after a last checkpoint, from which it goes on',
    async (signal) => {
      const folder = await newFolder();
      const first = startCounting(folder);
      await first.untilLine(firstRecord);
      first.kill(signal);
      await first.endsWith(0);
      await first.untilLine(/Stopped; the next start goes on from the last checkpoint/);
      const stoppedAt = folder.newestCheckpoint();
      expect(stoppedAt?.isFinal).toBe(false);

      const second = startCounting(folder);
      expect(await beginning(second)).toBe(stoppedAt?.checkpointId);
      await second.endsWith(0);
      await expectExactTallies(folder);
    },
  );

  it('that comes a second time ends the job at once, with exit code 1 and nothing lost', async () => {
    const folder = await newFolder();
    // No barrier passes a thread that is stuck, so that the last checkpoint can't be.
    const first = startCounting(folder, { failure: 'endless-loop' });
    await first.untilLine(firstRecord);
    await folder.untilMarked();
    first.kill('SIGTERM');
    await first.untilLine(/Stopping after a last checkpoint/);
    first.kill('SIGTERM');
    await first.endsWith(1);
    await first.untilLine(/Cancelled without a last checkpoint/);
    await startCounting(folder).endsWith(0);
    await expectExactTallies(folder);
  });

  it('during the start ends it with exit code 0', async () => {
    const folder = await newFolder();
    const run = startCounting(folder);
    await run.untilLine(/CREATED/);
    run.kill('SIGTERM');
    await run.endsWith(0);
    await startCounting(folder).endsWith(0);
    await expectExactTallies(folder);
  });
});

describe('--fresh', () => {
  it('begins anew: what was written before stays, and all is written once more', async () => {
    const folder = await newFolder();
    await startCounting(folder).endsWith(0);
    await expectExactTallies(folder);
    const stopped = startCounting(folder);
    await stopped.untilLine(firstRecord);
    stopped.kill('SIGTERM');
    await stopped.endsWith(0);
    const before = await folder.readTopic('tallies');

    const fresh = startCounting(folder, { args: ['--fresh'] });
    await fresh.endsWith(0);
    const all = await folder.readTopic('tallies');
    expect(asTexts(all)).toEqual(asTexts([...before, ...[...expectedTallies().values()].flat()]));
  });
});

describe('Wrong arguments', () => {
  it('end the command with exit code 2 and one message that names them all', async () => {
    const run = new MillraceProcess(['--parallelism', '0', '--checkpoint-interval', 'soon', '--jobb', 'x']);
    await run.endsWith(2);
    const message = run.log.join('\n');
    for (const mistake of ['--parallelism', '--checkpoint-interval', '--jobb'])
      expect(message).toContain(mistake);
  });
});
