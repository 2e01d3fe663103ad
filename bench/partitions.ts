import { parseArgs } from 'node:util';
import { type BenchLog, embeddedLog, kafkaLog } from './measurement/bench-log.js';
import {
  keyedTopicOrder,
  measureRuns,
  medianRun,
  users,
  withStateDir,
} from './measurement/keyed-topic-runs.js';
import { formatCount, formatTable, writeResult } from './measurement/report.js';
import { fillTopicInProcess, type MeasuredRun } from './measurement/run-job-process.js';

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
const partitionCounts = [1, 2, 4, 8];
const parallelisms = [1, 2];

interface Measurement {
  readonly log: string;
  readonly partitions: number;
  readonly parallelism: number;
  readonly median: MeasuredRun;
}

const measurements: Measurement[] = [];
if (options.log !== 'kafka') measurements.push(...(await withStateDir(embeddedLog, measureLog)));
if (options.log !== 'embedded') {
  const kafka = await kafkaLog();
  if (kafka === undefined) process.stdout.write('Kafka is left out: there is neither a broker nor Java.\n');
  else measurements.push(...(await withStateDir(kafka, measureLog)));
}
process.stdout.write(`\n${formatTable(tableOf(measurements))}\n`);
writeResult('partitions', { events, users, runs, measurements });

async function measureLog(log: BenchLog, stateDir: string): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const partitions of partitionCounts) {
    for (const parallelism of parallelisms) {
      const order = keyedTopicOrder('keyed-aggregate', log, stateDir, { events, partitions, parallelism });
      if (parallelism === parallelisms[0]) await fillTopicInProcess(order);
      const median = medianRun(await measureRuns(order, runs));
      measured.push({ log: log.name, partitions, parallelism, median });
      process.stdout.write(
        `${log.name}, ${partitions} partitions, parallelism ${parallelism}: ${formatCount(median.recordsPerSecond)} records/s\n`,
      );
    }
  }
  return measured;
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
