import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Admin, Kafka, logLevel, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import { type KafkaBroker, kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { CollectingReader, sleep } from '../log/collecting-reader.js';
import { MillraceProcess } from './millrace-process.js';

const job = fileURLToPath(new URL('./jobs/discovery.job.ts', import.meta.url));

describe.skipIf(!kafkaAvailable())('Partitions that come under load', { timeout: 180_000 }, () => {
  let broker: KafkaBroker;
  let admin: Admin;
  let producer: Producer;

  beforeAll(async () => {
    broker = await startKafkaBroker();
    const kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
    admin = kafka.admin();
    // kafkajs learns of new partitions only when its knowledge has expired.
    producer = kafka.producer({ metadataMaxAge: 100 });
    await Promise.all([admin.connect(), producer.connect()]);
  });
  afterAll(async () => {
    await Promise.all([admin?.disconnect(), producer?.disconnect()]);
    await broker?.stop();
  });

  it('are read from their beginning, over a kill of the job, and none of their records is missed or doubled', async () => {
    const name = randomUUID();
    const [input, other, output] = [`in-${name}-a`, `in-${name}-b`, `out-${name}`];
    await admin.createTopics({
      topics: [
        { topic: input, numPartitions: 4 },
        { topic: output, numPartitions: 1 },
      ],
    });
    const stateFolder = mkdtempSync(join(tmpdir(), 'millrace-discovery-'));
    onTestFinished(() => rmSync(stateFolder, { recursive: true, force: true }));
    const start = async (): Promise<MillraceProcess> => {
      const args = ['--job', job, '--brokers', broker.brokers.join(','), '--state-dir', stateFolder];
      const run = new MillraceProcess([...args, '--parallelism', '2', '--checkpoint-interval', '100ms'], {
        env: { TEST_INPUT: `in-${name}`, TEST_OUTPUT: output },
      });
      await run.untilLine(/Attempt \d+ begins/);
      return run;
    };
    let sent = 0;
    const send = async (topic: string, partitions: number, count: number): Promise<void> => {
      for (let i = 0; i < count; i += 40) {
        const messages = Array.from({ length: 40 }, () => ({
          partition: sent % partitions,
          value: JSON.stringify({ n: sent++ }),
        }));
        await producer.send({ topic, messages });
      }
    };

    const first = await start();
    await send(input, 4, 2_000);
    await admin.createPartitions({ topicPartitions: [{ topic: input, count: 8 }] });
    await sleep(150);
    await send(input, 8, 2_000);
    await first.untilLine(/found .*-a-7, to be read from the beginning/);
    first.kill('SIGKILL');
    await first.end();
    await admin.createTopics({ topics: [{ topic: other, numPartitions: 2 }] });
    await send(other, 2, 400);
    const second = await start();
    await send(input, 8, 2_000);
    await send(other, 2, 400);

    const client = createKafkaLogClient({ brokers: broker.brokers });
    onTestFinished(() => client.close());
    const reader = new CollectingReader(client, [{ topic: output, partition: 0, position: 0 }]);
    await reader.untilSeen(sent, 60_000);
    second.kill('SIGINT');
    await second.endsWith(0);
    await sleep(300);
    reader.drain();
    const numbers = reader.valuesOf(0).map((value) => (JSON.parse(value ?? '') as { readonly n: number }).n);
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, n) => n));
  });
});
