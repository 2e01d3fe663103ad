import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import type { Compression, LogClient } from '../../src/log/log-port.js';
import { type KafkaBroker, kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { CollectingReader } from '../log/collecting-reader.js';

const codecs: readonly Compression[] = ['gzip', 'snappy', 'lz4', 'zstd'];
const records = Array.from({ length: 200 }, (_, n) => ({
  key: `key-${n}`,
  value: `{"n":${n},"text":"die Mühle mahlt langsam, aber fein"}`,
}));

describe.skipIf(!kafkaAvailable())('Compressed topics', { timeout: 120_000 }, () => {
  let broker: KafkaBroker;
  let client: LogClient;

  beforeAll(async () => {
    broker = await startKafkaBroker();
    client = createKafkaLogClient({ brokers: broker.brokers });
  });
  afterAll(async () => {
    await client?.close();
    await broker?.stop();
  });

  async function newTopic(partitions: number): Promise<string> {
    const topic = `compressed-${randomUUID()}`;
    await client.createTopic(topic, partitions);
    return topic;
  }

  it.each(codecs)("of Java's producer with %s are read as they were written", async (compression) => {
    const topic = await newTopic(1);
    await broker.consoleProducer(topic, records, compression);
    const reader = new CollectingReader(client, [{ topic, partition: 0, position: 0 }]);
    const seen = await reader.untilSeen(records.length);
    expect(seen.map(({ key, value }) => ({ key, value }))).toEqual(records);
  });

  it("of ours are read by Java's consumer, in transactions and outside them", async () => {
    const topic = await newTopic(codecs.length);
    for (const [partition, compression] of codecs.entries()) {
      const options = { onWritable: () => {}, onError: () => {}, bufferBytes: 8 * 1024 * 1024, compression };
      const half = records.length / 2;
      const append = (
        appender: Pick<ReturnType<LogClient['openAppender']>, 'append'>,
        from: number,
      ): void => {
        for (const { key, value } of records.slice(from, from + half)) {
          const bytes = { key: Buffer.from(key), value: Buffer.from(value) };
          appender.append({ topic, partition, ...bytes, timestamp: 1_700_000_000_000 });
        }
      };
      const appender = client.openAppender(options);
      append(appender, 0);
      await appender.flush();
      await appender.close();
      const transaction = await client.transactions.begin(randomUUID(), {
        ...options,
        transactionTimeoutMs: 60_000,
      });
      append(transaction, half);
      const prepared = await transaction.prepare();
      if (prepared === undefined) throw new Error('The transaction was empty.');
      await client.transactions.commit(prepared);
    }
    const seen = await broker.consoleConsumer(topic);
    for (const [partition] of codecs.entries()) {
      const ofPartition = seen.filter((record) => record.partition === partition);
      expect(ofPartition.map(({ key, value }) => ({ key, value }))).toEqual(records);
    }
  });
});
