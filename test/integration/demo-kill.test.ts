import { readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { compareActions, isEqual } from '../../src/demo/action-comparison.js';
import { demoGenerator } from '../../src/demo/demo-input.js';
import { Oracle } from '../../src/demo/oracle.js';
import type { TriggeredAction } from '../../src/demo/triggered-action.js';
import { sleep } from '../log/collecting-reader.js';
import { groupBy } from './group-by.js';
import { MillraceProcess } from './millrace-process.js';
import { boundOnQuietMachineMs } from './quiet-machine.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

const events = 80_000;
const firstRecord = /First record processed (\d+) ms after the process started/;

function startDemo(folder: StateFolder): MillraceProcess {
  return new MillraceProcess([
    ...['--parallelism', '2', '--state-dir', folder.path],
    ...['--checkpoint-interval', '100ms', '--generate', String(events)],
  ]);
}

async function kill(run: MillraceProcess): Promise<void> {
  run.kill('SIGKILL');
  expect((await run.end()).signal).toBe('SIGKILL');
}

/** Resolves when the metadata of the job's last checkpoint is there, before the process can do much more. */
function lastCheckpointDurable(folder: StateFolder): Promise<void> {
  const checkpoints = join(folder.path, 'checkpoints');
  const isLastThere = (): boolean =>
    readdirSync(checkpoints).some((name) => {
      try {
        return readFileSync(join(checkpoints, name), 'utf8').includes('"isFinal":true');
      } catch {
        // Removed in between, as older than the newest.
        return false;
      }
    });
  return new Promise((resolve) => {
    const watcher = watch(checkpoints, () => {
      if (!isLastThere()) return;
      watcher.close();
      resolve();
    });
  });
}

async function expectExactActions(folder: StateFolder): Promise<void> {
  const oracle = new Oracle();
  const generator = demoGenerator();
  for (let index = 0; index < events; index += 1) oracle.add(generator.eventAt(index));
  const written = groupBy(
    await folder.readTopic<TriggeredAction>('triggered-actions'),
    (action) => action.user_id,
  );
  const comparison = compareActions(oracle.finish(), written);
  expect(comparison).toMatchObject({ missing: 0, unexpected: 0, usersOutOfOrder: 0 });
  expect(isEqual(comparison)).toBe(true);
}

describe('The demo', () => {
  it('killed with -9 while filling its topic, recovering, running and ending, loses and doubles nothing', async () => {
    const folder = new StateFolder();
    const restartsMs: number[] = [];

    const filling = startDemo(folder);
    await sleep(600);
    await kill(filling);
    const running = startDemo(folder);
    await running.untilLine(firstRecord);
    await sleep(500);
    await kill(running);
    for (let round = 0; round < 9; round += 1) {
      const run = startDemo(folder);
      if (round % 3 === 0) {
        await sleep(50 + Math.random() * 900);
      } else {
        const [, afterMs] = await run.untilLine(firstRecord);
        restartsMs.push(Number(afterMs));
        await sleep(Math.random() * 400);
      }
      await kill(run);
    }

    const ending = startDemo(folder);
    await ending.untilLine(/Attempt \d+ begins/);
    await lastCheckpointDurable(folder);
    await kill(ending);
    const last = startDemo(folder);
    await last.endsWith(0);
    expect(last.stdout).toMatch(/check +OK: all [\d,]+ actions/);
    await expectExactActions(folder);

    restartsMs.sort((a, b) => a - b);
    process.stdout.write(
      `From the process's start to the first record again: ${restartsMs.join(', ')} ms.\n`,
    );
    expect(restartsMs[0]).toBeLessThan(boundOnQuietMachineMs(1_000));
  });

  it('finished and started again, runs anew and writes everything once more', async () => {
    const folder = new StateFolder();
    const args = ['--parallelism', '2', '--state-dir', folder.path, '--generate', '5000'];
    for (const round of [1, 2]) {
      const run = new MillraceProcess(args);
      await run.endsWith(0);
      expect(run.stdout).toMatch(/check +OK/);
      const written = Number(/actions out +([\d,]+)/.exec(run.stdout)?.[1]?.replaceAll(',', ''));
      expect(await folder.readTopic('triggered-actions')).toHaveLength(round * written);
    }
  });
});
