import { describe, expect, it, vi } from 'vitest';
import { sleep } from '../log/collecting-reader.js';
import { startLargeState } from './large-state-job.js';
import { boundOnQuietMachineMs } from './quiet-machine.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

describe('A process killed with -9 and started again', () => {
  it.each([
    ['1 MB', 64, 1_000],
    ['500 MB', 32_000, 8_000],
  ])('works again within a second, with its state, at %s of state', async (size, keys, ratePerSecond) => {
    const folder = new StateFolder();
    const first = startLargeState(folder.path, { keys, ratePerSecond });
    // The job itself checks the state that it finds, so it must have seen each key in a checkpoint.
    while (folder.positions('numbers') < keys + ratePerSecond) {
      expect(first.isRunning).toBe(true);
      await sleep(50);
    }
    first.kill('SIGKILL');
    await first.end();

    const second = startLargeState(folder.path, { keys, ratePerSecond });
    const [, afterMs] = await second.untilLine(/First record processed (\d+) ms after the process started/);
    const from = folder.positions('numbers');
    while (folder.positions('numbers') < from + keys / 4) {
      expect(second.isRunning).toBe(true);
      await sleep(50);
    }
    expect(second.matches(/failed/)).toEqual([]);
    second.kill('SIGTERM');
    await second.endsWith(0);
    process.stdout.write(`At ${size} of state: first record ${afterMs} ms after the process's start.\n`);
    expect(Number(afterMs)).toBeLessThan(boundOnQuietMachineMs(1_000));
  });
});
