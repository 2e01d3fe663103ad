import { describe, expect, expectTypeOf, it } from 'vitest';
import { json } from '../../src/codecs/json.js';
import { string } from '../../src/codecs/string.js';
import { InMemoryLogClient } from '../../src/log/in-memory/in-memory-log-client.js';
import { InMemoryLogCluster } from '../../src/log/in-memory/in-memory-log-cluster.js';
import { type LogClient, LogError } from '../../src/log/log-port.js';
import { checkpointId } from '../../src/protocol/ids.js';
import { NO_TIMESTAMP } from '../../src/protocol/stream-elements.js';
import { type LogSinkOptions, logSink } from '../../src/sinks/log-sink.js';
import type { Sink } from '../../src/sinks/sink.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { SinkContextOfTest } from './sink-context.js';

interface Action {
  readonly user: string;
  readonly n: number;
}

const random = new SimulatedRandom(3);
const chk = checkpointId(1);

function open<T>(options: LogSinkOptions<T>, partitions = 1) {
  const clock = new SimulatedClock(random);
  const cluster = new InMemoryLogCluster({ clock, random });
  cluster.createTopic('out', partitions);
  cluster.createTopic('other', partitions);
  const client = new InMemoryLogClient(cluster);
  const surroundings = new SinkContextOfTest(clock);
  const writer = logSink(options).createWriter(surroundings.context({ log: async () => client }));
  return { clock, cluster, surroundings, writer };
}

describe('the records that a log sink writes', () => {
  it('have the topic, key, value and time of their elements', async () => {
    const { clock, cluster, writer } = open<Action>({
      topic: (action) => (action.n > 1 ? 'other' : 'out'),
      key: (action) => action.user,
      value: json(),
    });
    writer.write({ user: 'ü', n: 1 }, 5_000);
    writer.write({ user: 'b', n: 2 }, NO_TIMESTAMP);
    await clock.advance(1_000);
    const [first] = cluster.committedRecords('out');
    const [second] = cluster.committedRecords('other');
    expect([String(first?.key), String(first?.value), first?.timestamp]).toEqual([
      'ü',
      '{"user":"ü","n":1}',
      5_000,
    ]);
    expect([String(second?.key), second?.timestamp]).toEqual(['b', clock.epochMs() - 1_000]);
  });

  it('go to the partition that they name', async () => {
    const { clock, cluster, writer } = open<Action>(
      { topic: 'out', partition: (action) => action.n, value: json() },
      4,
    );
    for (const n of [3, 0, 2]) writer.write({ user: 'a', n }, 0);
    await clock.advance(1_000);
    expect(cluster.committedRecords('out').map((record) => record.partition)).toEqual([0, 2, 3]);
  });

  it('have headers and a time of their own where functions give them', async () => {
    const { clock, cluster, writer } = open<Action>({
      topic: 'out',
      headers: (action) => [{ key: 'user', value: action.user }],
      timestamp: (action) => 7_000 + action.n,
      value: json(),
    });
    writer.write({ user: 'ü', n: 1 }, 5_000);
    await clock.advance(1_000);
    const [record] = cluster.committedRecords('out');
    expect(record?.timestamp).toBe(7_001);
    expect(record?.headers.map(({ key, value }) => [key, String(value)])).toEqual([['user', 'ü']]);
  });

  it('are made whole by a record function', async () => {
    const { clock, cluster, writer } = open<Action>(
      {
        record: (action, timestamp) => ({
          topic: action.n > 1 ? 'other' : 'out',
          key: action.user,
          value: action.n === 0 ? null : `n=${action.n}`,
          headers: [
            { key: 'h', value: new Uint8Array([1]) },
            { key: 'h', value: null },
          ],
          timestamp: timestamp + 1,
          partition: 3,
        }),
      },
      4,
    );
    for (const n of [0, 1, 2]) writer.write({ user: 'a', n }, 5_000);
    await clock.advance(1_000);
    const [tombstone, first] = cluster.committedRecords('out');
    expect(tombstone?.value).toBeNull();
    expect(first).toMatchObject({ partition: 3, timestamp: 5_001 });
    expect([String(first?.key), String(first?.value)]).toEqual(['a', 'n=1']);
    expect(first?.headers.map(({ key, value }) => [key, value && [...value]])).toEqual([
      ['h', [1]],
      ['h', null],
    ]);
    expect(cluster.committedRecords('other')).toHaveLength(1);
  });

  it.each([
    [{ topic: () => '' }, /the topic function answered ""/],
    [{ topic: 'out', key: () => 7 as never }, /the key function answered number/],
    [{ topic: 'out', partition: () => -1 }, /the partition is -1/],
    [{ topic: 'out', timestamp: () => Number.NaN }, /the timestamp is NaN/],
    [{ topic: 'out', headers: () => [{ key: 'h', value: 7 as never }] }, /a header is/],
    [{ topic: 'out', value: json<unknown>() as never }, /JSON has no text for undefined/],
  ])('are refused with the sink named when a function of the user errs: %#', (options, message) => {
    const { writer } = open<string>({ value: string(), ...options } as LogSinkOptions<string>);
    const element = 'value' in options ? (undefined as never) : 'a';
    expect(() => writer.write(element, 0)).toThrow(/Sink "out" can't make a record/);
    expect(() => writer.write(element, 0)).toThrow(message);
  });
});

describe('an at-least-once sink', () => {
  it('acknowledges a barrier only when the log has every record before it', async () => {
    const { clock, cluster, writer } = open<string>({ topic: 'out', value: string() });
    writer.write('a', 0);
    writer.write('b', 0);
    let prepared: unknown;
    void writer.prepare(chk).then((committables) => {
      prepared = committables;
    });
    writer.write('c', 0);
    expect(await clock.step()).toBe(true);
    expect(prepared).toBeUndefined();
    await clock.runUntil(() => prepared !== undefined, 1_000);
    expect(prepared).toEqual([]);
    expect(cluster.committedRecords('out').map((record) => String(record.value))).toContain('b');
    await clock.advance(1_000);
    expect(cluster.committedRecords('out').map((record) => String(record.value))).toEqual(['a', 'b', 'c']);
  });

  it('holds its task while the log has too much unacknowledged, and lets it go', async () => {
    const { clock, surroundings, writer } = open<string>({ topic: 'out', value: string() });
    await clock.advance(100);
    let written = 0;
    while (surroundings.availability.isAvailable && written < 100_000) {
      writer.write('x'.repeat(10_000), 0);
      written += 1;
    }
    expect(written).toBeLessThan(2_000);
    await clock.runUntil(() => surroundings.availability.isAvailable, 10_000);
  });

  it('fails the attempt when the log refuses, and its next barrier too', async () => {
    const { clock, surroundings, writer } = open<string>({ topic: 'missing', value: string() });
    writer.write('a', 0);
    await clock.advance(1_000);
    expect(surroundings.failures[0]).toMatchObject({
      action: 'fail-job',
      message: expect.stringMatching(/sink "out"/),
    });
    await expect(writer.prepare(chk)).rejects.toThrow();
  });

  it('fails the attempt when there is no log to connect to', async () => {
    const surroundings = new SinkContextOfTest();
    const log = async (): Promise<LogClient> => {
      throw new LogError('unreachable', 'No broker answers at h:1.');
    };
    const writer = logSink({ topic: 'out', value: string() }).createWriter(surroundings.context({ log }));
    writer.write('a', 0);
    await expect(writer.prepare(chk)).rejects.toThrow(/No broker answers at h:1/);
    expect(surroundings.failures).toHaveLength(1);
    await writer.close();
  });
});

describe('a sink without a guarantee', () => {
  it('waits for nothing at a barrier, and writes what it has when it closes', async () => {
    const { clock, cluster, writer } = open<string>({
      topic: 'out',
      value: string(),
      deliveryGuarantee: 'none',
    });
    writer.write('a', 0);
    expect(await writer.prepare(chk)).toEqual([]);
    expect(cluster.committedRecords('out')).toEqual([]);
    let isClosed = false;
    void writer.close().then(() => {
      isClosed = true;
    });
    await clock.runUntil(() => isClosed, 10_000);
    expect(cluster.committedRecords('out')).toHaveLength(1);
  });
});

describe('the options of a log sink', () => {
  const exactlyOnce = { topic: 'out', value: string(), deliveryGuarantee: 'exactly-once' } as const;

  it('give the JobManager what it must settle and fence', () => {
    const sink = logSink({ ...exactlyOnce, transactionalIdPrefix: 'p', transactionTimeout: 60_000 });
    expect(sink.transactions).toEqual({
      transactionalIdPrefix: 'p',
      poolSize: 8,
      transactionTimeoutMs: 60_000,
    });
    expect(logSink({ topic: 'out', value: string() }).transactions).toBeUndefined();
  });

  it('do not compile with exactly-once and no prefix, and are refused at run time', () => {
    // @ts-expect-error the prefix is missing.
    expect(() => logSink(exactlyOnce)).toThrow(/transactionalIdPrefix is missing/);
  });

  it.each([
    [{ ...exactlyOnce, transactionalIdPrefix: 'p', transactionPoolSize: 1 }, /transactionPoolSize is 1/],
    [{ ...exactlyOnce, transactionalIdPrefix: 'p', transactionTimeout: 0 }, /transactionTimeout is 0/],
    [{ topic: '', value: string() }, /topic is empty/],
    [{ topic: 'out', record: () => ({ topic: 'out', value: '' }) }, /exclude each other/],
    [{ topic: 'out', value: string(), compression: 'zip' }, /compression is "zip": give none, gzip/],
    [{ topic: 'out', value: string(), batchBytes: 0 }, /batchBytes is 0/],
    [{ topic: 'out', value: string(), requestBytes: 1.5 }, /requestBytes is 1.5/],
    [{ topic: 'out', value: string(), linger: 'soon' }, /linger is "soon"/],
    [
      { topic: 'out', value: string(), deliveryGuarantee: 'sometimes' as never },
      /deliveryGuarantee is "sometimes"/,
    ],
  ])('are refused at once when wrong: %#', (options, message) => {
    expect(() => logSink(options as LogSinkOptions<string>)).toThrow(message);
  });

  it('are refused with all mistakes in one message', () => {
    const options = {
      topic: 7,
      key: 'user',
      partition: 0,
      partitioner: { name: 'none' },
      deliveryGuarantee: 'exactly-once',
      transactionTimeout: 0,
      transactionPoolSize: 1,
      compression: 'zip',
      linger: -1,
      batchBytes: 0,
      requestBytes: 1.5,
      batch: 3,
      properties: { retries: -1, 'fetch.min.bytes': 1 },
    };
    let message = '';
    try {
      logSink(options as never);
    } catch (error) {
      message = (error as Error).message;
    }
    const [title, ...mistakes] = message.split('\n- ');
    expect(title).toBe('The options of a kafkaSink are wrong:');
    expect(mistakes).toEqual([
      expect.stringMatching(/there is no setting kafkaSink\.batch/),
      expect.stringMatching(/topic is 7: give a function/),
      expect.stringMatching(/value takes a codec/),
      expect.stringMatching(/key is "user": give a function of the element/),
      expect.stringMatching(/partition is 0: give a function/),
      expect.stringMatching(/partitioner takes a partitioner.*has no partition\(\)/),
      expect.stringMatching(/compression is "zip"/),
      expect.stringMatching(/linger is -1/),
      expect.stringMatching(/batchBytes is 0/),
      expect.stringMatching(/requestBytes is 1\.5/),
      expect.stringMatching(/retries \(kafkaSink\) is "-1"/),
      expect.stringMatching(/transactionTimeout is 0/),
      expect.stringMatching(/transactionalIdPrefix is missing/),
      expect.stringMatching(/transactionPoolSize is 1/),
      expect.stringMatching(/fetch\.min\.bytes \(kafkaSink\) is a setting of the other kind/),
    ]);
  });

  it.each(['at-least-once', 'exactly-once'] as const)(
    "reach the log from Kafka's settings, %s",
    async (deliveryGuarantee) => {
      const clock = new SimulatedClock(random);
      const client = new InMemoryLogClient(new InMemoryLogCluster({ clock, random }));
      const opened: object[] = [];
      const log = {
        openAppender: (options) => {
          opened.push(options);
          return client.openAppender(options);
        },
        transactions: {
          ...client.transactions,
          begin: (id, options) => {
            opened.push(options);
            return client.transactions.begin(id, options);
          },
        },
      } as Partial<LogClient> as LogClient;
      const sink = logSink<string>({
        topic: 'out',
        value: string(),
        deliveryGuarantee,
        transactionalIdPrefix: 'p',
        properties: {
          'delivery.timeout.ms': 5_000,
          'compression.type': 'zstd',
          'transaction.timeout.ms': '60000',
        },
      });
      sink.createWriter(new SinkContextOfTest(clock).context({ log: async () => log }));
      await clock.advance(1_000);
      expect(opened[0]).toMatchObject({
        deliveryTimeoutMs: 5_000,
        compression: 'zstd',
        ...(deliveryGuarantee === 'exactly-once' && { transactionTimeoutMs: 60_000 }),
      });
    },
  );

  it('take the element type from where the sink is put', () => {
    const sinkTo = (sink: Sink<Action>): Sink<Action> => sink;
    const sink = sinkTo(logSink({ topic: 'out', key: (action) => action.user, value: json() }));
    expectTypeOf(sink).toEqualTypeOf<Sink<Action>>();
    const built = sinkTo(logSink({ record: (action) => ({ topic: 'out', value: action.user }) }));
    expectTypeOf(built).toEqualTypeOf<Sink<Action>>();
    // @ts-expect-error the elements have no such field.
    sinkTo(logSink({ record: (action) => ({ topic: 'out', value: action.missing }) }));
    // @ts-expect-error the elements have no such field.
    sinkTo(logSink({ topic: 'out', key: (action) => action.missing, value: json() }));
  });
});
