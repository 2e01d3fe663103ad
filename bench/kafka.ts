import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createKafkaLogClient } from '#dist/log/kafka/kafka-log-client.js';
import type { ClientOrder, ClientReport } from './kafka/client-order.js';
import { requiredKafkaLog } from './measurement/bench-log.js';
import { formatCount, formatTable, medianBy, writeResult } from './measurement/report.js';

/**
 * How fast are writing to Kafka and reading from it, beside plain kafkajs in the same run? Each client writes
 * the same records, of 1 KB and of 100 bytes, and then reads the same topic, kafkajs by `eachMessage` and by
 * `eachBatch`; each in a process of its own, in turns.
 *
 * `npm run bench -- kafka [--records 1000000] [--runs 5]`
 */
const { values: options } = parseArgs({
  options: { records: { type: 'string', default: '1000000' }, runs: { type: 'string', default: '5' } },
});
const records = Number(options.records);
const runs = Number(options.runs);
const partitions = 4;
const sizes = [
  { name: '1 KB', valueBytes: undefined },
  { name: '100 bytes', valueBytes: 100 },
] as const;
const clients = ['millrace', 'kafkajs'] as const;
type Client = (typeof clients)[number];

interface Comparison {
  readonly name: string;
  readonly millrace: ClientReport;
  readonly kafkajs: ClientReport;
  /** The median of the pairs' ratios: what else the machine did slowed both of a pair. */
  readonly timesAsFast: number;
}

const log = await requiredKafkaLog();
const { brokers } = log;
const admin = createKafkaLogClient({ brokers });
try {
  const comparisons: Comparison[] = [];
  for (const { name, valueBytes } of sizes) {
    const order = { brokers, partitions, records, valueBytes, kafkajsReads: 'eachBatch' } as const;
    const topicOf = (run: number, client: Client): string =>
      `bench-${process.pid}-${valueBytes ?? 'whole'}-${run}-${client}`;
    comparisons.push(
      await compare(`writing ${name}`, async (run, client) => {
        const topic = topicOf(run, client);
        await admin.createTopic(topic, partitions);
        return runClient('write-topic', { ...order, client, topic });
      }),
    );
    // Record by record is how most consumers are written, by batches is the fastest that kafkajs has.
    for (const kafkajsReads of ['eachMessage', 'eachBatch'] as const) {
      comparisons.push(
        // Both read what Millrace has written.
        await compare(`reading ${name}, ${kafkajsReads}`, (run, client) =>
          runClient('read-topic', { ...order, client, topic: topicOf(run, 'millrace'), kafkajsReads }),
        ),
      );
    }
  }
  process.stdout.write(`\n${formatTable(tableOf(comparisons))}\n`);
  writeResult('kafka', { records, runs, partitions, comparisons });
} finally {
  await admin.close();
  await log.stop();
}

async function compare(
  name: string,
  measure: (run: number, client: Client) => Promise<ClientReport>,
): Promise<Comparison> {
  const pairs: Record<Client, ClientReport>[] = [];
  // The first pair does not count: the broker compiles its own code meanwhile, and whoever came first would pay.
  for (let run = 0; run <= runs; run += 1) {
    const pair = { millrace: await measure(run, 'millrace'), kafkajs: await measure(run, 'kafkajs') };
    if (run === 0) continue;
    const rates = clients.map((client) => `${client} ${formatCount(pair[client].recordsPerSecond)}/s`);
    process.stdout.write(`${name}: ${rates.join(', ')}\n`);
    pairs.push(pair);
  }
  const medianOf = (client: Client): ClientReport =>
    medianBy(
      pairs.map((pair) => pair[client]),
      (report) => report.recordsPerSecond,
    );
  const ratios = pairs.map((pair) => pair.millrace.recordsPerSecond / pair.kafkajs.recordsPerSecond);
  return {
    name,
    millrace: medianOf('millrace'),
    kafkajs: medianOf('kafkajs'),
    timesAsFast: medianBy(ratios, (ratio) => ratio),
  };
}

async function runClient(script: 'read-topic' | 'write-topic', order: ClientOrder): Promise<ClientReport> {
  const path = fileURLToPath(new URL(`./kafka/${script}.js`, import.meta.url));
  const part = spawn(process.execPath, [path, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
  });
  const exited = once(part, 'exit') as Promise<[number | null]>;
  const output = await text(part.stdout);
  const [exitCode] = await exited;
  if (exitCode !== 0) throw new Error(`${order.client} ended with exit code ${exitCode} in ${script}.`);
  return JSON.parse(output) as ClientReport;
}

function tableOf(comparisons: readonly Comparison[]): string[][] {
  return [
    ['', 'millrace/s', 'kafkajs/s', 'times as fast', 'CPU µs a record', 'of kafkajs'],
    ...comparisons.map(({ name, millrace, kafkajs, timesAsFast }) => [
      name,
      formatCount(millrace.recordsPerSecond),
      formatCount(kafkajs.recordsPerSecond),
      timesAsFast.toFixed(1),
      millrace.cpuMicrosecondsPerRecord.toFixed(2),
      kafkajs.cpuMicrosecondsPerRecord.toFixed(2),
    ]),
  ];
}
