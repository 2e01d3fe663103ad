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

  it('go to the partition that the partitioner answers', async () => {
    const { clock, cluster, writer } = open<Action>(
      { topic: 'out', partitioner: (action) => action.n, value: json() },
      4,
    );
    for (const n of [3, 0, 2]) writer.write({ user: 'a', n }, 0);
    await clock.advance(1_000);
    expect(cluster.committedRecords('out').map((record) => record.partition)).toEqual([0, 2, 3]);
  });

  it.each([
    [{ topic: () => '' }, /the topic function answered ""/],
    [{ topic: 'out', key: () => 7 as never }, /the key function answered number/],
    [{ topic: 'out', partitioner: () => -1 }, /the partitioner answered -1/],
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
    [
      { topic: 'out', value: string(), deliveryGuarantee: 'sometimes' as never },
      /deliveryGuarantee is "sometimes"/,
    ],
  ])('are refused at once when wrong: %#', (options, message) => {
    expect(() => logSink(options as LogSinkOptions<string>)).toThrow(message);
  });

  it('take the element type from where the sink is put', () => {
    const sinkTo = (sink: Sink<Action>): Sink<Action> => sink;
    const sink = sinkTo(logSink({ topic: 'out', key: (action) => action.user, value: json() }));
    expectTypeOf(sink).toEqualTypeOf<Sink<Action>>();
    // @ts-expect-error the elements have no such field.
    sinkTo(logSink({ topic: 'out', key: (action) => action.missing, value: json() }));
  });
});
