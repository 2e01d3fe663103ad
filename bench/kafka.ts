import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createKafkaLogClient } from '#dist/log/kafka/kafka-log-client.js';
import type { ClientOrder, ClientReport } from './kafka/client-order.js';
import { kafkaLog } from './measurement/bench-log.js';
import { formatCount, formatTable, medianBy, writeResult } from './measurement/report.js';
import { fillTopicInProcess } from './measurement/run-job-process.js';

/**
 * How fast are reading from Kafka and writing to it, beside plain kafkajs in the same run? Each client reads
 * the same topic of events of 1 KB, and writes as many; each in a process of its own, in turns.
 *
 * `npm run bench -- kafka [--records 500000] [--runs 5]`
 */
const { values: options } = parseArgs({
  options: { records: { type: 'string', default: '500000' }, runs: { type: 'string', default: '5' } },
});
const records = Number(options.records);
const runs = Number(options.runs);
const partitions = 4;
const users = 100_000;
const clients = ['millrace', 'kafkajs'] as const;

const log = await kafkaLog();
if (log?.brokers === undefined)
  throw new Error('There is no Kafka: name a broker in KAFKA_BROKERS, or install Java and Maven.');
const { brokers } = log;
const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
try {
  const reading = await measure('read-topic', await filledTopic());
  const writing = await measure('write-topic', await emptyTopic());
  process.stdout.write(`\n${formatTable(tableOf({ reading, writing }))}\n`);
  writeResult('kafka', { records, runs, partitions, reading, writing });
} finally {
  rmSync(stateDir, { recursive: true, force: true });
  await log.stop();
}

interface Comparison {
  readonly millrace: ClientReport;
  readonly kafkajs: ClientReport;
  /** The median of the pairs' ratios: what else the machine did slowed both of a pair. */
  readonly timesAsFast: number;
}

async function measure(script: 'read-topic' | 'write-topic', topic: string): Promise<Comparison> {
  const pairs: Record<ClientOrder['client'], ClientReport>[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const [millrace, kafkajs] = [
      await runClient(script, 'millrace', topic),
      await runClient(script, 'kafkajs', topic),
    ];
    process.stdout.write(
      `${script}: ${clients.map((client) => `${client} ${formatCount({ millrace, kafkajs }[client].recordsPerSecond)}/s`).join(', ')}\n`,
    );
    pairs.push({ millrace, kafkajs });
  }
  const medianOf = (client: ClientOrder['client']): ClientReport =>
    medianBy(
      pairs.map((pair) => pair[client]),
      (report) => report.recordsPerSecond,
    );
  const ratios = pairs.map((pair) => pair.millrace.recordsPerSecond / pair.kafkajs.recordsPerSecond);
  return {
    millrace: medianOf('millrace'),
    kafkajs: medianOf('kafkajs'),
    timesAsFast: medianBy(ratios, (ratio) => ratio),
  };
}

async function runClient(
  script: 'read-topic' | 'write-topic',
  client: ClientOrder['client'],
  topic: string,
): Promise<ClientReport> {
  const order: ClientOrder = { client, brokers, topic, partitions, records };
  const path = fileURLToPath(new URL(`./kafka/${script}.js`, import.meta.url));
  const part = spawn(process.execPath, [path, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
  });
  const exited = once(part, 'exit') as Promise<[number | null]>;
  const output = await text(part.stdout);
  const [exitCode] = await exited;
  if (exitCode !== 0) throw new Error(`${client} ended with exit code ${exitCode} in ${script}.`);
  return JSON.parse(output) as ClientReport;
}

async function filledTopic(): Promise<string> {
  const topic = `bench-${users}-users-${records}-events`;
  await fillTopicInProcess({
    jobFile: resolve('bench/jobs/keyed-aggregate.job.ts'),
    stateDir,
    brokers,
    topic,
    partitions,
    events: records,
    users,
    parallelism: 1,
    checkpointIntervalMs: 1_000,
  });
  return topic;
}

async function emptyTopic(): Promise<string> {
  const topic = `bench-written-${process.pid}`;
  const client = createKafkaLogClient({ brokers: [...brokers] });
  await client.createTopic(topic, partitions);
  await client.close();
  return topic;
}

function tableOf(comparisons: Readonly<Record<string, Comparison>>): string[][] {
  return [
    ['', 'millrace/s', 'kafkajs/s', 'times as fast', 'CPU µs a record', 'of kafkajs'],
    ...Object.entries(comparisons).map(([name, { millrace, kafkajs, timesAsFast }]) => [
      name,
      formatCount(millrace.recordsPerSecond),
      formatCount(kafkajs.recordsPerSecond),
      timesAsFast.toFixed(1),
      millrace.cpuMicrosecondsPerRecord.toFixed(2),
      kafkajs.cpuMicrosecondsPerRecord.toFixed(2),
    ]),
  ];
}
