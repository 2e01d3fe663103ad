import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { KafkaConfig } from '../../src/log/kafka/kafka-config.js';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import { Secret } from '../../src/log/kafka/settings/secret.js';
import type { AppenderOptions, LogClient } from '../../src/log/log-port.js';
import type { LogTransaction, PreparedTransaction } from '../../src/log/log-transactions.js';
import {
  type KafkaBroker,
  kafkaAvailable,
  saslUser,
  startKafkaBroker,
} from '../kafka-broker/kafka-broker.js';
import { CollectingReader, sleep } from '../log/collecting-reader.js';

const clients: LogClient[] = [];
let broker: KafkaBroker;

function openClient(config: Partial<KafkaConfig> = {}): LogClient {
  const client = createKafkaLogClient({ brokers: broker.brokers, ...config });
  clients.push(client);
  return client;
}

async function newTopic(partitions = 1, settings: Readonly<Record<string, string>> = {}): Promise<string> {
  const topic = `kafka-log-${randomUUID()}`;
  const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] });
  await admin.disconnect();
  return topic;
}

async function deleteRecordsBefore(topic: string, offset: number): Promise<void> {
  const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  // Loads the metadata that deleteTopicRecords forgets to load.
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] });
  await admin.disconnect();
}

function appending(errors: Error[] = []): AppenderOptions {
  return { onWritable: () => {}, onError: (error) => errors.push(error), bufferBytes: 32 * 1024 * 1024 };
}

function valueRecord(topic: string, value: string, partition = 0) {
  return { topic, partition, key: null, value: Buffer.from(value), timestamp: Date.now() };
}

function from(topic: string, partitions = 1) {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition, position: 0 }));
}

async function prepared(transaction: LogTransaction): Promise<PreparedTransaction> {
  const result = await transaction.prepare();
  if (result === undefined) throw new Error('The transaction was empty.');
  return result;
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);
const isOwnBroker = process.env.KAFKA_BROKERS === undefined;

describe.skipIf(!kafkaAvailable())('Kafka as the log', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    broker = await startKafkaBroker({
      properties: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200' },
    });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(() => broker?.stop());

  describe('what cannot be done', () => {
    it('names the brokers that nobody answers at, within seconds', async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await new Promise((resolve) => server.close(resolve));
      const client = openClient({ brokers: [`127.0.0.1:${port}`], bootstrapTimeoutMs: 300 });
      await expect(client.describeTopics(['any'])).rejects.toMatchObject({
        code: 'unreachable',
        message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port}.*ECONNREFUSED.*Start the broker`)),
      });
    });

    it('gives up on something that accepts connections and never answers', async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const client = openClient({
        brokers: [`127.0.0.1:${port}`],
        bootstrapTimeoutMs: 500,
        requestTimeoutMs: 300,
      });
      await expect(client.describeTopics(['any'])).rejects.toMatchObject({ code: 'unreachable' });
      server.close();
    });

    it('refuses a record that is too large, with its size and key', async () => {
      const topic = await newTopic();
      const errors: Error[] = [];
      const appender = openClient().openAppender(appending(errors));
      appender.append({ ...valueRecord(topic, 'x'.repeat(2_000_000)), key: Buffer.from('user_42') });
      await expect(appender.flush()).rejects.toMatchObject({
        code: 'record-too-large',
        message: expect.stringMatching(/user_42.*2000\d\d\d bytes/),
      });
      expect(errors).toHaveLength(1);
    });

    it('refuses a transaction time-out that the broker does not allow', async () => {
      const begin = openClient().transactions.begin(randomUUID(), {
        ...appending(),
        transactionTimeoutMs: 3_600_000,
      });
      await expect(begin).rejects.toMatchObject({
        code: 'invalid-configuration',
        message: expect.stringContaining('transaction.max.timeout.ms'),
      });
    });
  });

  describe.runIf(isOwnBroker)('a broker that wants credentials', () => {
    it.each(['PLAIN', 'SCRAM-SHA-256'] as const)('is used with %s', async (mechanism) => {
      const topic = await newTopic();
      const client = openClient({
        brokers: broker.saslBrokers,
        sasl: {
          mechanism,
          username: saslUser.username,
          password: new Secret(saslUser.password),
        },
      });
      const appender = client.openAppender(appending());
      appender.append(valueRecord(topic, 'authenticated'));
      await appender.flush();
      const [seen] = await new CollectingReader(client, from(topic)).untilSeen(1);
      expect(seen?.value).toBe('authenticated');
    });

    it('is not retried with credentials that it refuses', async () => {
      const sasl = { mechanism: 'PLAIN', username: 'alice', password: new Secret('wrong') } as const;
      await expect(
        openClient({ brokers: broker.saslBrokers, sasl }).describeTopics(['any']),
      ).rejects.toMatchObject({
        code: 'unauthorized',
        message: expect.stringContaining('Check the user name'),
      });
    });
  });

  describe('appending', () => {
    it('splits a batch that the topic finds too large, and keeps the order', async () => {
      const topic = await newTopic(1, { 'max.message.bytes': '3000' });
      const client = openClient();
      const appender = client.openAppender(appending());
      const values = numbers(400).map((n) => n.padEnd(100));
      for (const value of values) appender.append(valueRecord(topic, value));
      await appender.flush();
      const seen = await new CollectingReader(client, from(topic)).untilSeen(values.length);
      expect(seen.map((record) => record.value)).toEqual(values);
    });

    it.runIf(isOwnBroker)('loses and doubles nothing when answers are lost to time-outs', async () => {
      const topic = await newTopic(4);
      const client = openClient({ requestTimeoutMs: 500 });
      const errors: Error[] = [];
      const appender = client.openAppender(appending(errors));
      const count = 20_000;
      let appended = 0;
      const append = (upTo: number): void => {
        for (; appended < upTo; appended++) appender.append(valueRecord(topic, `${appended}`, appended % 4));
      };
      // The broker stops in the middle of answering, several times.
      for (let round = 1; round <= 4; round++) {
        append((round * count) / 4);
        await sleep(3);
        broker.pause();
        await sleep(900);
        broker.resume();
      }
      await appender.flush();
      expect(errors).toEqual([]);
      const seen = await broker.consoleConsumer(topic);
      for (const partition of [0, 1, 2, 3]) {
        const values = seen
          .filter((record) => record.partition === partition)
          .map((record) => Number(record.value));
        expect(values).toEqual(numbers(count / 4).map((n) => 4 * Number(n) + partition));
      }
    });

    it('goes on after the broker was killed and came back, as does reading', {
      skip: !isOwnBroker,
    }, async () => {
      const topic = await newTopic(2);
      const client = openClient();
      const errors: Error[] = [];
      const appender = client.openAppender(appending(errors));
      const reader = new CollectingReader(client, from(topic, 2));
      for (let i = 0; i < 1000; i++) appender.append(valueRecord(topic, `${i}`, i % 2));
      await appender.flush();
      await reader.untilSeen(1000);
      for (let i = 1000; i < 2000; i++) appender.append(valueRecord(topic, `${i}`, i % 2));
      await broker.kill();
      for (let i = 2000; i < 3000; i++) appender.append(valueRecord(topic, `${i}`, i % 2));
      await broker.restart();
      await appender.flush();
      await reader.untilSeen(3000, 60_000);
      expect(errors).toEqual([]);
      for (const partition of [0, 1]) {
        expect(reader.valuesOf(partition)).toEqual(numbers(1500).map((n) => `${2 * Number(n) + partition}`));
      }
    });

    it('fails once the delivery time-out is over', { skip: !isOwnBroker }, async () => {
      const topic = await newTopic();
      const client = openClient({ requestTimeoutMs: 300, deliveryTimeoutMs: 1000 });
      const errors: Error[] = [];
      const appender = client.openAppender(appending(errors));
      appender.append(valueRecord(topic, 'arrives'));
      await appender.flush();
      broker.pause();
      try {
        appender.append(valueRecord(topic, 'waits'));
        await expect(appender.flush()).rejects.toMatchObject({
          code: 'delivery-timeout',
          message: expect.stringContaining(`${topic}, partition 0`),
        });
      } finally {
        broker.resume();
      }
      expect(errors).toHaveLength(1);
    });
  });

  describe('reading', () => {
    it('reads what another client compressed with gzip', async () => {
      const topic = await newTopic();
      const producer = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).producer();
      await producer.connect();
      const messages = numbers(50).map((value) => ({ key: null, value }));
      await producer.send({ topic, compression: CompressionTypes.GZIP, messages });
      await producer.disconnect();
      const seen = await new CollectingReader(openClient(), from(topic)).untilSeen(50);
      expect(seen.map((record) => record.value)).toEqual(numbers(50));
    });

    it('fails where retention has deleted what it was to read, and skips nothing', async () => {
      const topic = await newTopic();
      const client = openClient();
      const appender = client.openAppender(appending());
      for (const value of numbers(20)) appender.append(valueRecord(topic, value));
      await appender.flush();
      await deleteRecordsBefore(topic, 12);
      const reader = new CollectingReader(client, [{ topic, partition: 0, position: 7 }]);
      expect(await reader.untilError()).toMatchObject({
        code: 'offset-out-of-range',
        message: expect.stringMatching(/partition 0: position 7 .*--fresh/),
      });
      expect(reader.seen).toEqual([]);
    });

    it('goes on where it was told to from what is deleted while it reads, behind all that it has fetched', async () => {
      const topic = await newTopic();
      const client = openClient({ batchBytes: 1 });
      const appender = client.openAppender(appending());
      for (const value of numbers(20)) appender.append(valueRecord(topic, value.padEnd(50_000)));
      await appender.flush();
      // A byte to prefetch is one batch of one record, and no more until that is taken.
      const reader = new CollectingReader(client, from(topic), 1, undefined, 'earliest');
      await expect.poll(() => reader.availableCalls).toBe(1);
      await deleteRecordsBefore(topic, 12);
      const seen = (await reader.untilSeen(9)).map(({ offset }) => offset);
      expect(seen).toEqual([0, 12, 13, 14, 15, 16, 17, 18, 19]);
      expect(reader.resets).toEqual([{ topic, partition: 0, from: 1, to: 12 }]);
    });

    it('goes on elsewhere once, however its requests and pauses fall together', async () => {
      const topic = await newTopic();
      const appender = openClient().openAppender(appending());
      for (const value of numbers(20)) appender.append(valueRecord(topic, value));
      await appender.flush();
      await deleteRecordsBefore(topic, 12);
      // Each knows no leader at first, and pauses; what it asks about its position is under way when that ends.
      const readers = Array.from({ length: 24 }, (_, i) => {
        const client = openClient({ retryBackoffMs: 10 * (i + 1), retryBackoffMaxMs: 1_000 });
        return new CollectingReader(
          client,
          [{ topic, partition: 0, position: 7 }],
          undefined,
          undefined,
          'earliest',
        );
      });
      await Promise.all(readers.map((reader) => reader.untilSeen(8)));
      await sleep(200);
      for (const reader of readers) {
        reader.drain();
        expect(reader.seen.map(({ offset }) => offset)).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
        expect(reader.resets).toEqual([{ topic, partition: 0, from: 7, to: 12 }]);
      }
    });

    it('sees of overlapping transactions what the Java consumer sees', async () => {
      const topic = await newTopic(2);
      const client = openClient();
      const options = { ...appending(), transactionTimeoutMs: 60_000 };
      let value = 0;
      for (let round = 0; round < 12; round++) {
        const open = await Promise.all(
          [0, 1, 2].map((k) => client.transactions.begin(`${topic}-${k}`, options)),
        );
        for (let i = 0; i < 9; i++) {
          const record = valueRecord(topic, `${value++}`, i % 2);
          // A key like an abort marker's, which misleads readers that don't look at the batch's kind.
          open[(i * 7 + round) % 3]?.append({ ...record, key: Buffer.alloc(4) });
          await open[i % 3]?.flush();
        }
        for (const [k, transaction] of open.entries()) {
          const identity = await prepared(transaction);
          if ((round + k) % 3 === 0) await client.transactions.commit(identity);
          else await transaction.abort();
        }
      }
      const theirs = await broker.consoleConsumer(topic);
      expect(theirs.length).toBeGreaterThan(30);
      const ours = new CollectingReader(client, from(topic, 2));
      await ours.untilSeen(theirs.length);
      await sleep(300);
      ours.drain();
      for (const partition of [0, 1]) {
        const expected = theirs
          .filter((record) => record.partition === partition)
          .map((record) => record.value);
        expect(ours.valuesOf(partition)).toEqual(expected);
      }
      // And without the filter: what was aborted, too, and nothing twice.
      const everything = await broker.consoleConsumer(topic, { isolation: 'read_uncommitted' });
      expect(everything).toHaveLength(value);
      const unfiltered = new CollectingReader(client, from(topic, 2), undefined, 'read_uncommitted');
      await unfiltered.untilSeen(value);
      for (const partition of [0, 1]) {
        const expected = everything.filter((record) => record.partition === partition);
        expect(unfiltered.valuesOf(partition)).toEqual(expected.map((record) => record.value));
      }
      const open = await client.transactions.begin(`${topic}-open`, options);
      open.append(valueRecord(topic, 'open'));
      await open.flush();
      const end = [{ topic, partition: 0, spec: { kind: 'end' } }] as const;
      const [stable] = await client.resolveOffsets(end);
      expect(await client.resolveOffsets(end, 'read_uncommitted')).toEqual([(stable ?? 0) + 1]);
      await open.abort();
    });

    it('works in a worker thread, which ends by itself after close', async () => {
      const topic = await newTopic();
      const appender = openClient().openAppender(appending());
      for (const value of numbers(100)) appender.append(valueRecord(topic, value));
      await appender.flush();
      const worker = new Worker(new URL('./read-in-worker.ts', import.meta.url), {
        execArgv: ['--import', 'jiti/register'],
        workerData: { brokers: broker.brokers, topic, count: 100 },
      });
      const exited = once(worker, 'exit');
      const [values] = (await once(worker, 'message')) as [string[]];
      expect(values).toEqual(numbers(100));
      const [code] = (await Promise.race([exited, sleep(10_000).then(() => ['still running'])])) as [unknown];
      expect(code).toBe(0);
    });
  });

  describe('transactions', () => {
    it('are committed by another process after theirs was killed', async () => {
      const topic = await newTopic(2);
      const id = `killed-${topic}`;
      const writer = await new Promise<string>((resolve) => {
        const script = new URL('./prepare-and-die.ts', import.meta.url).pathname;
        const argumentsOfScript = [
          '--import',
          'jiti/register',
          script,
          broker.brokers.join(','),
          topic,
          id,
          'kept',
        ];
        execFile(process.execPath, argumentsOfScript, (_error, stdout) => resolve(stdout));
      });
      const identity = JSON.parse(writer) as PreparedTransaction;
      const client = openClient();
      await client.transactions.commit(identity);
      await client.transactions.commit(identity);
      const seen = await broker.consoleConsumer(topic);
      expect(seen.map((record) => [record.partition, record.value]).sort()).toEqual([
        [0, 'kept'],
        [1, 'kept'],
      ]);
      const states = await broker.describeTransactions();
      expect(states.find((t) => t.transactionalId === id)?.state).toBe('CompleteCommit');
      // The id goes on, and a commit of what was before is told from the new one.
      const next = await client.transactions.begin(id, { ...appending(), transactionTimeoutMs: 60_000 });
      await expect(client.transactions.commit(identity)).rejects.toMatchObject({ code: 'transaction-lost' });
      await next.abort();
    });

    it.runIf(isOwnBroker)('that timed out are lost, and the commit says so', async () => {
      const topic = await newTopic();
      const client = openClient();
      const id = `late-${topic}`;
      const options = { ...appending(), transactionTimeoutMs: 1000 };
      const transaction = await client.transactions.begin(id, options);
      transaction.append(valueRecord(topic, 'lost'));
      const identity = await prepared(transaction);
      await sleep(3000);
      await expect(client.transactions.commit(identity)).rejects.toMatchObject({
        code: 'transaction-lost',
        message: expect.stringContaining(id),
      });
      const next = await client.transactions.begin(id, options);
      next.append(valueRecord(topic, 'kept'));
      await client.transactions.commit(await prepared(next));
      expect((await broker.consoleConsumer(topic)).map((record) => record.value)).toEqual(['kept']);
    });

    it.runIf(isOwnBroker)(
      'are not begun twice under an id when the first time was not answered',
      async () => {
        const client = openClient({ requestTimeoutMs: 300 });
        const id = `unanswered-${await newTopic()}`;
        await client.transactions.fence(id, 60_000);
        broker.pause();
        try {
          await expect(
            client.transactions.begin(id, { ...appending(), transactionTimeoutMs: 60_000 }),
          ).rejects.toMatchObject({ code: 'begin-unanswered', message: expect.stringContaining(id) });
        } finally {
          broker.resume();
        }
      },
    );

    it.runIf(isOwnBroker)('survive answers that are lost at every step', async () => {
      const topic = await newTopic(2);
      const client = openClient({ requestTimeoutMs: 300 });
      const pause = async (): Promise<void> => {
        broker.pause();
        await sleep(500);
        broker.resume();
      };
      const options = { ...appending(), transactionTimeoutMs: 60_000 };
      for (let round = 0; round < 8; round++) {
        const pausing = [0, 0, 0, 0];
        pausing[round % 4] = 1;
        const during = async <T>(step: number, work: Promise<T>): Promise<T> => {
          if (pausing[step] === 1) await Promise.all([work, pause()]);
          return work;
        };
        const id = `${topic}-${round % 2}`;
        const begin = client.transactions.begin(id, options).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'begin-unanswered' });
          return client.transactions.begin(`${id}-other`, options);
        });
        const transaction = await during(0, begin);
        for (let i = 0; i < 10; i++) transaction.append(valueRecord(topic, `${round * 10 + i}`, i % 2));
        await during(1, transaction.flush());
        const identity = await during(2, prepared(transaction));
        await during(3, client.transactions.commit(identity));
      }
      const seen = await broker.consoleConsumer(topic);
      for (const partition of [0, 1]) {
        const values = seen
          .filter((record) => record.partition === partition)
          .map((record) => Number(record.value));
        expect(values).toEqual(numbers(40).map((n) => 2 * Number(n) + partition));
      }
    });
  });
});
