import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EventGenerator } from '#dist/demo/event-generator.js';
import { embeddedLog, kafkaLog } from './measurement/bench-log.js';
import { formatCount, medianBy, writeResult } from './measurement/report.js';
import { fillTopicInProcess, type MeasuredRun, runJobProcess } from './measurement/run-job-process.js';
import { expectedTally } from './windows/oracle.js';
import { addTallies, emptyTally, type WindowTally } from './windows/window-tally.js';

/**
 * Keyed event-time windows: JSON of about 1 KB -> keyBy user -> tumbling windows of 10 s, count and sum, with
 * 1 s of out-of-orderness and a checkpoint each second. A user is seldom seen twice in a window, so this is
 * mostly about windows coming and going. Are all results right, and how many records a second?
 *
 * `npm run bench -- windows [--events 4000000] [--runs 1] [--parallelism 2] [--log kafka|embedded] [--fields]`
 *
 * With `--fields`, only the fields that the job reads are decoded.
 */
const { values: options } = parseArgs({
  options: {
    events: { type: 'string', default: '4000000' },
    runs: { type: 'string', default: '1' },
    parallelism: { type: 'string', default: '2' },
    log: { type: 'string', default: 'kafka' },
    fields: { type: 'boolean', default: false },
  },
});
const events = Number(options.events);
const parallelism = Number(options.parallelism);
const jobName = options.fields ? 'windowed-totals-fields' : 'windowed-totals';
const users = 100_000;
const windowMs = 10_000;

const log = options.log === 'embedded' ? embeddedLog : await kafkaLog();
if (log === undefined)
  throw new Error('There is no Kafka: name a broker in KAFKA_BROKERS, or install Java and Maven.');
const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
try {
  const order = {
    jobFile: resolve(`bench/jobs/${jobName}.job.ts`),
    stateDir,
    brokers: log.brokers,
    topic: `bench-${users}-users-${events}-events`,
    partitions: 4,
    events,
    users,
    parallelism,
    checkpointIntervalMs: 1_000,
  };
  await fillTopicInProcess(order);
  const expected = expectedTally(new EventGenerator({ users }), events, windowMs);
  const runs: MeasuredRun[] = [];
  for (let run = 0; run < Number(options.runs); run += 1) {
    const measured = await runJobProcess(order);
    assertEqual(tallyOf(measured), expected);
    process.stdout.write(`${describeRun(measured)}\n`);
    runs.push(measured);
  }
  const { collected: _, ...median } = medianBy(runs, (run) => run.recordsPerSecond);
  writeResult(options.fields ? 'windows-fields' : 'windows', {
    log: log.name,
    events,
    users,
    parallelism,
    results: expected,
    runs: runs.length,
    median,
  });
} finally {
  rmSync(stateDir, { recursive: true, force: true });
  await log.stop();
}

function describeRun(run: MeasuredRun): string {
  return (
    `${formatCount(run.recordsPerSecond)} records/s (${formatCount(run.recordsIn)} in ${(run.processingMs / 1000).toFixed(1)} s), ` +
    `${formatCount(tallyOf(run).windows)} windows, all as the oracle's, ` +
    `${run.checkpointsCompleted} checkpoints, CPU ${run.cpuSeconds.toFixed(1)} s (${run.cpuMicrosecondsPerRecord.toFixed(1)} µs a record)`
  );
}

function tallyOf({ collected }: MeasuredRun): WindowTally {
  const parts = (collected?.['tally'] ?? []) as readonly WindowTally[];
  return parts.reduce(addTallies, emptyTally);
}

function assertEqual(found: WindowTally, expected: WindowTally): void {
  const [text, wanted] = [found, expected].map((tally) => JSON.stringify(tally));
  if (text !== wanted) throw new Error(`The results come to ${text}, and should come to ${wanted}.`);
}
