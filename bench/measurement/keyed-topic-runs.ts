import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchLog, openBenchLog } from './bench-log.js';
import { formatCount, medianBy, writeResult } from './report.js';
import { fillTopicInProcess, type JobOrder, type MeasuredRun, runJobProcess } from './run-job-process.js';

/** A job that is measured over a topic of users' events, which is filled once; each run is a process of its own. */
export interface KeyedTopicRuns {
  readonly order: JobOrder;
  /**
   * Runs the job as often as was asked for, from its beginning each time, and prints a line a run, which ends
   * with what `checkRun` returns. `checkRun` throws when the run's results are wrong.
   */
  measure(checkRun: (run: MeasuredRun) => string): Promise<readonly MeasuredRun[]>;
  /** Writes the median run, beside what was run, what the benchmark itself found, and the machine. */
  writeResult(name: string, runs: readonly MeasuredRun[], found: object): void;
}

/**
 * Opens the log and the topic that the command line asks for, and closes them after `use`. Its options:
 * `[--events 4000000] [--runs 1] [--parallelism 2] [--log kafka|embedded] [--fields]`; with `--fields` the job
 * is `<job>-fields`, which decodes only the fields that it reads.
 */
export async function withKeyedTopic(
  job: string,
  use: (topic: KeyedTopicRuns) => Promise<void>,
): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      events: { type: 'string', default: '4000000' },
      runs: { type: 'string', default: '1' },
      parallelism: { type: 'string', default: '2' },
      log: { type: 'string', default: 'kafka' },
      fields: { type: 'boolean', default: false },
    },
  });
  const variant = options.fields ? '-fields' : '';
  const size = { events: Number(options.events), partitions: 4, parallelism: Number(options.parallelism) };
  await withStateDir(await openBenchLog(options.log), async (log, stateDir) => {
    const order = keyedTopicOrder(`${job}${variant}`, log, stateDir, size);
    await fillTopicInProcess(order);
    await use({
      order,
      measure: (checkRun) =>
        measureRuns(order, Number(options.runs), (run) =>
          process.stdout.write(`${describeRun(run)}${checkRun(run)}\n`),
        ),
      writeResult(name, runs, found) {
        const { events, users, parallelism } = order;
        const { collected: _, ...median } = medianRun(runs);
        const whatRan = { log: log.name, events, users, parallelism };
        writeResult(`${name}${variant}`, { ...whatRan, ...found, runs: runs.length, median });
      },
    });
  });
}

/** Gives `use` a folder of its own, which is removed after it; the log is stopped then. */
export async function withStateDir<T>(
  log: BenchLog,
  use: (log: BenchLog, stateDir: string) => Promise<T>,
): Promise<T> {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    return await use(log, stateDir);
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
    await log.stop();
  }
}

/** The order for `bench/jobs/<job>.job.ts` over events of 100,000 users, with a checkpoint each second. */
export function keyedTopicOrder(
  job: string,
  log: BenchLog,
  stateDir: string,
  size: { readonly events: number; readonly partitions: number; readonly parallelism: number },
): JobOrder {
  return {
    ...size,
    jobFile: resolve(`bench/jobs/${job}.job.ts`),
    stateDir,
    brokers: log.brokers,
    topic: `bench-${users}-users-${size.events}-events-${size.partitions}-partitions`,
    users,
    checkpointIntervalMs: 1_000,
  };
}

export const users = 100_000;

export async function measureRuns(
  order: JobOrder,
  count: number,
  onRun?: (run: MeasuredRun) => void,
): Promise<readonly MeasuredRun[]> {
  const runs: MeasuredRun[] = [];
  while (runs.length < count) {
    const run = await runJobProcess(order);
    onRun?.(run);
    runs.push(run);
  }
  return runs;
}

export function medianRun(runs: readonly MeasuredRun[]): MeasuredRun {
  return medianBy(runs, (run) => run.recordsPerSecond);
}

function describeRun(run: MeasuredRun): string {
  return (
    `${formatCount(run.recordsPerSecond)} records/s (${formatCount(run.recordsIn)} in ${(run.processingMs / 1000).toFixed(1)} s), ` +
    `${run.checkpointsCompleted} checkpoints, CPU ${run.cpuSeconds.toFixed(1)} s (${run.cpuMicrosecondsPerRecord.toFixed(1)} µs a record)`
  );
}
