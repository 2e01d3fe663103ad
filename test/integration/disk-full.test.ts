import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { sleep } from '../log/collecting-reader.js';
import { startLargeState } from './large-state-job.js';
import type { MillraceProcess } from './millrace-process.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

const megabyte = 1024 * 1024;
/** 26 MB of state, and some records more. */
const load = { keys: 1_600, ratePerSecond: 1_600, args: ['--checkpoint-interval', '200ms'] };

/** A file system of its own in memory; undefined where this user may not mount one. */
function mountSmallDisk(megabytes: number): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'millrace-small-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path]);
  if (mounted.status !== 0) {
    rmSync(path, { recursive: true });
    return undefined;
  }
  onTestFinished(() => {
    spawnSync('umount', ['-l', path]);
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

/** The job itself checks every key's state, so that reading all of them again proves it. */
async function untilAllKeysAreSeenAgain(run: MillraceProcess, folder: StateFolder): Promise<void> {
  const from = folder.positions('numbers');
  while (folder.positions('numbers') < from + 2 * load.keys) {
    if (!run.isRunning) await run.endsWith(0);
    await sleep(50);
  }
}

describe('A full disk', () => {
  it('is told in words, loses nothing, and the job goes on by itself once there is room', async (context) => {
    const disk = mountSmallDisk(160);
    if (disk === undefined) context.skip('This user may not mount a small disk.');
    const folder = new StateFolder(join(disk ?? '', 'state'));
    const ballast = join(disk ?? '', 'ballast');
    writeFileSync(ballast, Buffer.alloc(135 * megabyte));

    const run = startLargeState(folder.path, load);
    await run.untilLine(/ERROR .*disk.* full/);
    await run.untilLine(/Restarting in/);
    rmSync(ballast);
    await untilAllKeysAreSeenAgain(run, folder);
    expect(run.matches(/has another key's state|was seen \d+ times/)).toEqual([]);
    run.kill('SIGTERM');
    await run.endsWith(0);
  });

  it('as a file’s size limit is told in words, and without it the next start goes on', async () => {
    const folder = new StateFolder();
    mkdirSync(folder.path);
    const blocks = (8 * megabyte) / 512;
    const limited = startLargeState(folder.path, {
      ...load,
      wrapper: ['sh', '-c', `ulimit -f ${blocks}; exec "$@"`, 'sh'],
    });
    await limited.untilLine(/ERROR .*(Check that the disk is not full|limit on the size of files)/);
    limited.kill('SIGKILL');
    await limited.end();

    const run = startLargeState(folder.path, load);
    await untilAllKeysAreSeenAgain(run, folder);
    expect(run.matches(/has another key's state|was seen \d+ times/)).toEqual([]);
    run.kill('SIGTERM');
    await run.endsWith(0);
  });
});
