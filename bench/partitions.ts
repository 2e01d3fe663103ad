import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchLog, embeddedLog, kafkaLog } from './measurement/bench-log.js';
import { formatCount, formatTable, medianBy, writeResult } from './measurement/report.js';
import { fillTopicInProcess, type MeasuredRun, runJobProcess } from './measurement/run-job-process.js';

/**
 * How does throughput depend on the partitions and the parallelism? The keyed aggregate over 1, 2, 4 and 8
 * partitions at parallelism 1 and 2, on the embedded log and on Kafka: the median of several runs, each in a
 * process of its own, over a topic that is filled once.
 *
 * `npm run bench -- partitions [--events 500000] [--runs 3] [--log embedded|kafka]`
 */
const { values: options } = parseArgs({
  options: {
    events: { type: 'string', default: '500000' },
    runs: { type: 'string', default: '3' },
    log: { type: 'string' },
  },
});
const events = Number(options.events);
const runs = Number(options.runs);
const users = 100_000;
const partitionCounts = [1, 2, 4, 8];
const parallelisms = [1, 2];

interface Measurement {
  readonly log: string;
  readonly partitions: number;
  readonly parallelism: number;
  readonly median: MeasuredRun;
}

const measurements: Measurement[] = [];
if (options.log !== 'kafka') measurements.push(...(await measureLog(embeddedLog)));
if (options.log !== 'embedded') {
  const kafka = await kafkaLog();
  if (kafka === undefined) process.stdout.write('Kafka is left out: there is neither a broker nor Java.\n');
  else measurements.push(...(await measureLog(kafka)));
}
process.stdout.write(`\n${formatTable(tableOf(measurements))}\n`);
writeResult('partitions', { events, users, runs, measurements });

async function measureLog(log: BenchLog): Promise<Measurement[]> {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const measured: Measurement[] = [];
  try {
    for (const partitions of partitionCounts) {
      for (const parallelism of parallelisms) {
        const order = {
          jobFile: resolve('bench/jobs/keyed-aggregate.job.ts'),
          stateDir,
          brokers: log.brokers,
          topic: `bench-${users}-users-${events}-events-${partitions}-partitions`,
          partitions,
          events,
          users,
          parallelism,
          checkpointIntervalMs: 1_000,
        };
        if (parallelism === parallelisms[0]) await fillTopicInProcess(order);
        const median = await medianRun(() => runJobProcess(order));
        measured.push({ log: log.name, partitions, parallelism, median });
        process.stdout.write(
          `${log.name}, ${partitions} partitions, parallelism ${parallelism}: ${formatCount(median.recordsPerSecond)} records/s\n`,
        );
      }
    }
    return measured;
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
    await log.stop();
  }
}

async function medianRun(run: () => Promise<MeasuredRun>): Promise<MeasuredRun> {
  const all: MeasuredRun[] = [];
  while (all.length < runs) all.push(await run());
  return medianBy(all, (one) => one.recordsPerSecond);
}

/** A line for each log and parallelism, a column for each number of partitions. */
function tableOf(all: readonly Measurement[]): string[][] {
  const head = [
    'records/s',
    ...partitionCounts.map((partitions) => `${partitions} partition${partitions === 1 ? '' : 's'}`),
  ];
  const lines = [...new Set(all.map(({ log }) => log))].flatMap((log) =>
    parallelisms.map((parallelism) => [
      `${log}, parallelism ${parallelism}`,
      ...partitionCounts.map((partitions) => {
        const found = all.find(
          (one) => one.log === log && one.parallelism === parallelism && one.partitions === partitions,
        );
        return found === undefined ? '' : formatCount(found.median.recordsPerSecond);
      }),
    ]),
  );
  return [head, ...lines];
}
