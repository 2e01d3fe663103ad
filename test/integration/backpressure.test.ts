import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import type { LogRecord } from '../../src/log/log-port.js';
import { sleep } from '../log/collecting-reader.js';
import type { Measurement } from './jobs/measurement.js';
import { MillraceProcess } from './millrace-process.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

const job = fileURLToPath(new URL('./jobs/slow.job.ts', import.meta.url));
/** 120 MB in all: were they read ahead of need, it would show in the memory. */
const records = 120_000;
const text = 'x'.repeat(1_000);
/** Long enough for memory to grow, if it did. */
const slowMsMin = 5_000;
const checkpointsMin = 2;
/** In all channels, and in what the readers hold ahead: the source may be so far ahead of the slow function. */
const recordsAheadMax = 20_000;
/** An idle process of this parallelism has about 120 MB; with all of the input in memory it would have far more. */
const memoryMbMax = 250;
/** From one half of the slow time to the other: what garbage collection leaves lying about. */
const growthMbMax = 50;

function* measurements(): Generator<LogRecord> {
  for (let index = 0; index < records; index += 1) {
    const measurement: Measurement = { sensor: `sensor ${index % 100}`, index, text };
    const value = Buffer.from(JSON.stringify(measurement));
    const partition = index % 4;
    yield { topic: 'measurements', partition, key: null, value, timestamp: 0 };
  }
}

/** Memory of the process that no file stands behind, in MB. */
function anonymousMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
}

describe('An operator that is a hundred times slower than its source', () => {
  it.runIf(process.platform === 'linux')(
    'holds the source back: memory stays flat, checkpoints complete, and all recovers',
    async () => {
      const folder = new StateFolder();
      await folder.createTopics({ measurements: 4, groups: 2 });
      await folder.append(measurements());
      const run = new MillraceProcess(
        ['--job', job, '--parallelism', '2', '--state-dir', folder.path, '--checkpoint-interval', '200ms'],
        { env: { TEST_MARKER: folder.marker } },
      );
      await run.untilLine(/First record processed/);
      await sleep(1_000);
      const memoryMb: number[] = [];
      const checkpoints = new Set<number | undefined>();
      const startMs = performance.now();
      const slowMs = (): number => performance.now() - startMs;
      while (slowMs() < slowMsMin || checkpoints.size <= checkpointsMin) {
        memoryMb.push(anonymousMb(run.pid));
        checkpoints.add(folder.newestCheckpoint()?.checkpointId);
        await sleep(50);
      }
      const recordsRead = folder.positions('measurements');
      const slowS = slowMs() / 1_000;
      writeFileSync(folder.marker, '');

      await run.endsWith(0);
      const middle = memoryMb.length >> 1;
      const firstHalfMb = Math.max(...memoryMb.slice(0, middle));
      const secondHalfMb = Math.max(...memoryMb.slice(middle));
      process.stdout.write(
        `${slowS.toFixed(1)} s of backpressure: ${firstHalfMb.toFixed(0)} MB of memory, then ${secondHalfMb.toFixed(0)} MB, ${checkpoints.size - 1} checkpoints, ${recordsRead} records read.\n`,
      );
      expect(secondHalfMb).toBeLessThan(memoryMbMax);
      expect(secondHalfMb - firstHalfMb).toBeLessThan(growthMbMax);
      // Two subtasks do at most a record a millisecond each.
      expect(recordsRead).toBeLessThan(2 * (slowS + 1) * 1_000 + recordsAheadMax);

      const groups = await folder.readTopic<{ group: number; index: number }>('groups');
      const indexes = groups.map(({ index }) => index).sort((a, b) => a - b);
      expect(indexes).toHaveLength(records);
      expect(indexes.every((index, i) => index === i)).toBe(true);
    },
  );
});
