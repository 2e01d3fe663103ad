import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import { Secret } from '../../src/log/kafka/settings/secret.js';
import type { AppenderOptions, LogClient, LogRecord, ReaderOptions } from '../../src/log/log-port.js';
import {
  type KafkaBroker,
  kafkaAvailable,
  saslUser,
  startKafkaBroker,
} from '../kafka-broker/kafka-broker.js';
import { sleep } from '../log/collecting-reader.js';
import type { ProxiedRequest } from './kafka-frames.js';
import { KafkaProxy } from './kafka-proxy.js';

/** Long enough for something that should not happen to happen. */
const quietMs = 400;
/** Longer than any test waits. */
const neverMs = 600_000;

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)("Kafka's settings", () => {
  let proxy: KafkaProxy;
  let broker: KafkaBroker;
  let client: LogClient;
  /** What has passed the proxy, in its order. */
  let requests: ProxiedRequest[] = [];

  beforeAll(async () => {
    proxy = await KafkaProxy.listen();
    broker = await startKafkaBroker({ proxyPort: proxy.port });
    proxy.forwardTo(broker.proxiedAddress ?? '');
    forwardAll();
    client = createKafkaLogClient({ brokers: [proxy.address], clientId: 'whole-job' });
  });
  afterAll(async () => {
    await client?.close();
    await proxy?.close();
    await broker?.stop();
  });

  function forwardAll(): void {
    proxy.onPassing = ({ part, request }) => {
      if (part === 'request') requests.push(request);
      return 'forward';
    };
  }

  async function newTopic(partitions = 1): Promise<string> {
    const topic = `settings-${randomUUID()}`;
    await client.createTopic(topic, partitions);
    requests = [];
    return topic;
  }

  const requestsOf = (api: string): ProxiedRequest[] => requests.filter((request) => request.api === api);

  function openAppender(settings: Partial<AppenderOptions>) {
    const errors: Error[] = [];
    const onError = (error: Error): void => void errors.push(error);
    const options = { bufferBytes: 1024 * 1024, onWritable: () => {}, onError, ...settings };
    return { appender: client.openAppender(options), errors };
  }

  /** Counts the records that come, and gives their bytes back at once. */
  function openReader(topic: string, partitions: number, settings: Partial<ReaderOptions>) {
    const counted = { records: 0 };
    const drain = (): void => {
      for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
        while (batch.next()) counted.records++;
        batch.release();
      }
    };
    const reader = client.openReader({
      prefetchBytes: 8 * 1024 * 1024,
      onAvailable: drain,
      onError: (error) => {
        throw error;
      },
      ...settings,
    });
    for (let partition = 0; partition < partitions; partition++)
      reader.addPartition({ topic, partition }, 0, undefined);
    return { reader, counted };
  }

  it('fetch.min.bytes and fetch.max.wait.ms let the broker hold a fetch until enough is there', async () => {
    const topic = await newTopic();
    const { appender } = openAppender({ lingerMs: 0 });
    const { reader, counted } = openReader(topic, 1, {
      fetchMinBytes: 5_000,
      fetchMaxWaitMs: 60_000,
      requestTimeoutMs: 300,
    });
    await expect
      .poll(() => requestsOf('Fetch').at(-1)?.fetch)
      .toMatchObject({
        maxWaitMs: 60_000,
        minBytes: 5_000,
      });
    appender.append(recordOf(topic, 0, 100));
    await appender.flush();
    // Longer than the request's own time-out, too: a fetch that is held has not failed.
    await sleep(2 * quietMs);
    expect(counted.records).toBe(0);
    appender.append(recordOf(topic, 0, 6_000));
    await expect.poll(() => counted.records, poll).toBe(2);
    await Promise.all([reader.close(), appender.close()]);
  });

  it('max.partition.fetch.bytes and fetch.max.bytes bound what one fetch asks for', async () => {
    const partitions = 5;
    const topic = await newTopic(partitions);
    const { appender } = openAppender({ lingerMs: 0, batchBytes: 5_000 });
    const recordsOfPartition = 40;
    for (let n = 0; n < recordsOfPartition * partitions; n++)
      appender.append(recordOf(topic, n % partitions, 1_000));
    await appender.flush();
    const { reader, counted } = openReader(topic, partitions, {
      partitionFetchBytes: 10_000,
      fetchMaxBytes: 25_000,
    });
    await expect.poll(() => counted.records, poll).toBe(recordsOfPartition * partitions);
    const bounds = requestsOf('Fetch').map((request) => request.fetch);
    expect(Math.max(...bounds.map((fetch) => fetch?.maxBytes ?? 0))).toBe(20_000);
    expect(new Set(bounds.flatMap((fetch) => fetch?.partitionBytes ?? []))).toEqual(new Set([10_000]));
    expect(Math.max(...bounds.map((fetch) => fetch?.partitionBytes.length ?? 0))).toBe(2);
    await Promise.all([reader.close(), appender.close()]);
  });

  it("client.id names a source's and a sink's requests, beside those of the whole job", async () => {
    const topic = await newTopic();
    const { appender } = openAppender({ clientId: 'the-sink', lingerMs: 0 });
    const { reader, counted } = openReader(topic, 1, { clientId: 'the-source' });
    appender.append(recordOf(topic, 0, 10));
    await expect.poll(() => counted.records, poll).toBe(1);
    const namesOf = (api: string) => new Set(requestsOf(api).map(({ clientId }) => clientId));
    expect(namesOf('Fetch')).toEqual(new Set(['the-source']));
    expect(namesOf('Produce')).toEqual(new Set(['the-sink']));
    expect(namesOf('InitProducerId')).toEqual(new Set(['whole-job']));
    await Promise.all([reader.close(), appender.close()]);
  });

  it('linger.ms and batch.size decide when a batch goes', async () => {
    const topic = await newTopic();
    const { appender } = openAppender({ lingerMs: neverMs, batchBytes: 3_000 });
    for (let n = 0; n < 2; n++) appender.append(recordOf(topic, 0, 1_000));
    await sleep(quietMs);
    expect(requestsOf('Produce')).toEqual([]);
    for (let n = 0; n < 2; n++) appender.append(recordOf(topic, 0, 1_000));
    await expect.poll(() => requestsOf('Produce').length, poll).toBe(1);
    await appender.close();
  });

  it('max.request.size parts what is sent at a time, and refuses a record that is larger', async () => {
    const partitions = 4;
    const topic = await newTopic(partitions);
    const { appender, errors } = openAppender({ lingerMs: neverMs, requestBytes: 2_500 });
    for (let n = 0; n < partitions; n++) appender.append(recordOf(topic, n, 1_000));
    await appender.flush();
    // All four would have 4,400 bytes; each request has a header besides its batches.
    expect(Math.max(...requestsOf('Produce').map(({ byteLength }) => byteLength))).toBeLessThan(2_700);
    appender.append(recordOf(topic, 0, 3_000));
    await expect.poll(() => errors, poll).toMatchObject([{ code: 'record-too-large' }]);
    await appender.close();
  });

  it('retries and request.timeout.ms say how soon a batch is given up', async () => {
    const topic = await newTopic();
    const { appender, errors } = openAppender({
      lingerMs: 0,
      requestTimeoutMs: 200,
      retries: 2,
      retryBackoffMs: 1,
    });
    let sent = 0;
    proxy.onPassing = ({ part, request }) => {
      if (request.api !== 'Produce') return 'forward';
      if (part === 'request') sent++;
      return 'swallow';
    };
    appender.append(recordOf(topic, 0, 10));
    await expect
      .poll(() => errors, poll)
      .toMatchObject([
        {
          code: 'delivery-timeout',
          message: expect.stringMatching(/not acknowledged after 3 tries .*timed out/),
        },
      ]);
    forwardAll();
    expect(sent).toBe(3);
    await appender.close();
  });

  it.each(['PLAIN', 'SCRAM-SHA-256'] as const)(
    'do not make a wrong password of a broker that is silent while it is told the right one, with %s',
    async (mechanism) => {
      const [saslAddress = ''] = broker.saslBrokers;
      const saslProxy = await KafkaProxy.listen();
      saslProxy.forwardTo(saslAddress);
      saslProxy.onPassing = ({ request }) => (request.apiKey === saslAuthenticateKey ? 'swallow' : 'forward');
      const { username, password } = saslUser;
      const ofAlice = createKafkaLogClient({
        brokers: [saslProxy.address],
        sasl: { mechanism, username, password: new Secret(password) },
        requestTimeoutMs: 200,
        bootstrapTimeoutMs: 500,
      });
      await expect(ofAlice.listTopics()).rejects.toMatchObject({ code: 'unreachable' });
      saslProxy.onPassing = () => 'forward';
      expect(await ofAlice.listTopics()).not.toEqual([]);
      await ofAlice.close();
      await saslProxy.close();
    },
  );

  it('delivery.timeout.ms bounds all tries together', async () => {
    const topic = await newTopic();
    const { appender, errors } = openAppender({ lingerMs: 0, requestTimeoutMs: 100, deliveryTimeoutMs: 700 });
    proxy.onPassing = ({ request }) => (request.api === 'Produce' ? 'swallow' : 'forward');
    appender.append(recordOf(topic, 0, 10));
    await expect
      .poll(() => errors, poll)
      .toMatchObject([
        { code: 'delivery-timeout', message: expect.stringMatching(/not acknowledged within 700 ms/) },
      ]);
    forwardAll();
    await appender.close();
  });
});

const saslAuthenticateKey = 36;

const poll = { timeout: 10_000, interval: 20 };

function recordOf(topic: string, partition: number, bytes: number): LogRecord {
  return { topic, partition, key: null, value: Buffer.alloc(bytes, 'x'), timestamp: 1_000 };
}
