import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchLog, openBenchLog } from './measurement/bench-log.js';
import { formatTable, medianBy, writeResult } from './measurement/report.js';
import { fillTopicInProcess } from './measurement/run-job-process.js';
import { RunningJob } from './recovery/running-job.js';

/**
 * How long until the first record is processed again: from the start of the process after kill -9, and from an
 * error thrown by a user's function; with 1 MB of state and with 500 MB. Records reach the function through
 * the source and the exchange, so all of the job is up by then.
 *
 * `npm run bench -- recovery [--runs 3] [--log embedded|kafka]`
 */
const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, log: { type: 'string', default: 'embedded' } },
});
const runs = Number(options.runs);
/** Of 16 KB each: 1 MB and 500 MB. */
const userCounts = [64, 32_000];
/** Enough for each thread to come to the record at which the job fails. */
const eventsPerRun = 5_000;

interface Recovery {
  readonly afterKillMs: number;
  readonly afterErrorMs: number;
}

interface Measurement {
  readonly users: number;
  readonly stateMiB: number;
  readonly median: Recovery;
}

const log = await openBenchLog(options.log);
try {
  const measurements: Measurement[] = [];
  for (const users of userCounts) measurements.push(await measureState(users, log));
  process.stdout.write(`\n${formatTable(tableOf(measurements))}\n`);
  writeResult(`recovery-${options.log}`, { log: log.name, runs, measurements });
} finally {
  await log.stop();
}

async function measureState(users: number, log: BenchLog): Promise<Measurement> {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  // Within so many events the generator has had every user.
  const eventsForState = users * 2;
  const order = {
    jobFile: resolve('bench/jobs/recovery.job.ts'),
    stateDir,
    brokers: log.brokers,
    topic: `bench-recovery-${users}-users-${process.pid}`,
    partitions: 4,
    events: eventsForState,
    users,
    parallelism: 2,
    checkpointIntervalMs: 1_000,
  };
  try {
    await fillTopicInProcess(order);
    const first = new RunningJob(order.topic, stateDir, log);
    try {
      await first.untilQuiet();
    } finally {
      await first.kill();
    }
    const recoveries: Recovery[] = [];
    for (let run = 1; run <= runs; run += 1) {
      // What the restarted job will have to process.
      await fillTopicInProcess({ ...order, events: eventsForState + run * eventsPerRun });
      recoveries.push(await measureRecovery(order.topic, stateDir, log, run));
    }
    const median = {
      afterKillMs: medianBy(recoveries, (one) => one.afterKillMs).afterKillMs,
      afterErrorMs: medianBy(recoveries, (one) => one.afterErrorMs).afterErrorMs,
    };
    return { users, stateMiB: bytesBelow(join(stateDir, 'slots')) / 2 ** 20, median };
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

async function measureRecovery(
  topic: string,
  stateDir: string,
  log: BenchLog,
  run: number,
): Promise<Recovery> {
  const job = new RunningJob(topic, stateDir, log, join(stateDir, `failed-${run}`));
  try {
    const firstAtMs = await job.next('first-record');
    const failingAtMs = await job.next('failing');
    const againAtMs = await job.next('recovered');
    await job.untilQuiet();
    return { afterKillMs: firstAtMs - job.startedAtMs, afterErrorMs: againAtMs - failingAtMs };
  } finally {
    await job.kill();
  }
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).blocks * 512, 0);
}

function tableOf(measurements: readonly Measurement[]): string[][] {
  return [
    ['state on disk', 'after kill -9, from the process start', 'after an error'],
    ...measurements.map(({ stateMiB, median }) => [
      `${stateMiB.toFixed(1)} MiB`,
      `${median.afterKillMs} ms`,
      `${median.afterErrorMs} ms`,
    ]),
  ];
}
