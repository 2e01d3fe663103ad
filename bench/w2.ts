import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EventGenerator } from '#dist/demo/event-generator.js';
import type { UserTotals } from './jobs/keyed-aggregate.js';
import { embeddedLog, kafkaLog } from './measurement/bench-log.js';
import { formatCount, medianBy, writeResult } from './measurement/report.js';
import { fillTopicInProcess, type MeasuredRun, runJobProcess } from './measurement/run-job-process.js';
import { expectedTotals } from './w2/oracle.js';
import { readStateOnDisk, type StateOnDisk } from './w2/state-on-disk.js';

/**
 * The keyed aggregate: JSON of about 1 KB -> keyBy user -> {count, lastTs, sum}, with a checkpoint each second.
 * How many records a second, with how much memory and CPU, and is the state right at the end?
 *
 * `npm run bench -- w2 [--events 4000000] [--runs 1] [--parallelism 2] [--log kafka|embedded] [--fields]`
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
const jobName = options.fields ? 'keyed-aggregate-fields' : 'keyed-aggregate';
const users = 100_000;
const maxParallelism = 128;

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
  const runs: MeasuredRun[] = [];
  for (let run = 0; run < Number(options.runs); run += 1) {
    const measured = await runJobProcess(order);
    process.stdout.write(`${describeRun(measured)}\n`);
    runs.push(measured);
  }
  const state = await checkState();
  const median = medianBy(runs, (run) => run.recordsPerSecond);
  writeResult(options.fields ? 'w2-fields' : 'w2', {
    log: log.name,
    events,
    users,
    parallelism,
    state,
    runs: runs.length,
    median,
  });
} finally {
  rmSync(stateDir, { recursive: true, force: true });
  await log.stop();
}

function describeRun(run: MeasuredRun): string {
  const memory =
    run.peakAnonymousMiB === undefined ? '' : `, RssAnon at most ${run.peakAnonymousMiB.toFixed(0)} MiB`;
  return (
    `${formatCount(run.recordsPerSecond)} records/s (${formatCount(run.recordsIn)} in ${(run.processingMs / 1000).toFixed(1)} s), ` +
    `${run.checkpointsCompleted} checkpoints, CPU ${run.cpuSeconds.toFixed(1)} s (${run.cpuMicrosecondsPerRecord.toFixed(1)} µs a record)${memory}`
  );
}

async function checkState(): Promise<{ readonly checkpointId: number; readonly mergedThrough: number }> {
  const expected = expectedTotals(new EventGenerator({ users }), events);
  const address = { operatorUid: 'count-per-user', stateName: 'totals', parallelism, maxParallelism };
  const state = await readStateOnDisk<UserTotals>(stateDir, address, expected.keys());
  assertEqual(state, expected);
  process.stdout.write(
    `The state equals the oracle: ${formatCount(expected.size)} users, checkpoint ${state.checkpointId}, merged through ${state.mergedThrough} when the job ended.\n`,
  );
  return { checkpointId: state.checkpointId, mergedThrough: state.mergedThrough };
}

function assertEqual(state: StateOnDisk<UserTotals>, expected: ReadonlyMap<string, UserTotals>): void {
  for (const [user, { count, lastTs, sum }] of expected) {
    const found = state.values.get(user);
    if (found?.count !== count || found.lastTs !== lastTs || found.sum !== sum) {
      const texts = [found, { count, lastTs, sum }].map((value) => JSON.stringify(value));
      throw new Error(`The state of ${user} is ${texts[0]}, and should be ${texts[1]}.`);
    }
  }
}
