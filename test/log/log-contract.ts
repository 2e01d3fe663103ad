import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AppenderOptions, LogClient, LogRecord, RecordHeader } from '../../src/log/log-port.js';
import type {
  LogTransaction,
  PreparedTransaction,
  TransactionOptions,
} from '../../src/log/log-transactions.js';
import {
  CollectingReader,
  copyOf,
  type PartitionStart,
  type SeenRecord,
  sleep,
} from './collecting-reader.js';

/** One log that outlives its clients. */
export interface LogHarness {
  /** A client as another thread or process would have it. */
  openClient(): Promise<LogClient>;
  close(): Promise<void>;
}

/** What every implementation of the log port keeps; sources, sinks and recovery rely on each line of it. */
export function describeLogContract(name: string, createHarness: () => Promise<LogHarness>): void {
  describe(`the log contract, kept by ${name}`, { timeout: 60_000 }, () => {
    let harness: LogHarness;
    const clients: LogClient[] = [];
    beforeAll(async () => {
      harness = await createHarness();
    });
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.close()));
    });
    afterAll(() => harness?.close());

    async function openClient(): Promise<LogClient> {
      const client = await harness.openClient();
      clients.push(client);
      return client;
    }

    async function newTopic(client: LogClient, partitions = 1): Promise<string> {
      const topic = `contract-${randomUUID()}`;
      await client.createTopic(topic, partitions);
      return topic;
    }

    describe('topics', () => {
      it('are described with their partitions in ascending order', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 3);
        expect(await client.describeTopics([topic])).toEqual([{ topic, partitions: [0, 1, 2] }]);
      });

      it('can be created again with as many partitions or fewer', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 3);
        await client.createTopic(topic, 3);
        await client.createTopic(topic, 2);
        expect((await client.describeTopics([topic]))[0]?.partitions).toEqual([0, 1, 2]);
      });

      it('are listed by name, without those of the log itself', async () => {
        const client = await openClient();
        const topics = [await newTopic(client), await newTopic(client, 2)];
        await client.commitOffsets(`group-${randomUUID()}`, [{ topic: topics[0]!, partition: 0, offset: 0 }]);
        const names = await client.listTopics();
        expect(names).toEqual(expect.arrayContaining(topics));
        expect(names.filter((name) => name.startsWith('__'))).toEqual([]);
      });

      it('that do not exist are named in the error', async () => {
        const client = await openClient();
        const there = await newTopic(client);
        const missing = `missing-${randomUUID()}`;
        await expect(client.describeTopics([there, missing])).rejects.toMatchObject({
          name: 'LogError',
          code: 'unknown-topic',
          message: expect.stringContaining(missing),
        });
      });

      it('that do not exist are not created by appending to them', async () => {
        const client = await openClient();
        const missing = `missing-${randomUUID()}`;
        const errors: Error[] = [];
        const appender = client.openAppender(appenderOptions({ onError: (error) => errors.push(error) }));
        appender.append(record(missing, { value: 'lost' }));
        await expect(appender.flush()).rejects.toMatchObject({ code: 'unknown-topic' });
        expect(errors).toHaveLength(1);
        await expect(client.describeTopics([missing])).rejects.toMatchObject({ code: 'unknown-topic' });
      });
    });

    describe('appending and reading', () => {
      it('gives each partition back in order, with keys, values and timestamps', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 2);
        const records = Array.from({ length: 500 }, (_, i) =>
          record(topic, { partition: i % 2, key: `k${i}`, value: `v${i}`, timestamp: startMs + i }),
        );
        await appendAll(client, records);
        const reader = new CollectingReader(client, allOf(topic, 2));
        const seen = [...(await reader.untilSeen(500))];
        for (const partition of [0, 1]) {
          const expected = records.filter((r) => r.partition === partition);
          const got = seen.filter((s) => s.partition === partition);
          expect(got.map((s) => [s.key, s.value, s.timestamp])).toEqual(
            expected.map((r) => [textOf(r.key), textOf(r.value), r.timestamp]),
          );
          expect(got.map((s) => s.offset)).toEqual(got.map((_, i) => i));
        }
      });

      it('sends a key always to the partition that the Java client would choose', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 4);
        await appendAll(
          client,
          ['21', 'foobar', 'abc', 'foobar'].map((key) => record(topic, { partition: undefined, key })),
        );
        const reader = new CollectingReader(client, allOf(topic, 4));
        const seen = await reader.untilSeen(4);
        const partitionOf = Object.fromEntries(seen.map((s) => [s.key, s.partition]));
        // From the Java client's murmur2: 21 -> -973932308, foobar -> -790332482, abc -> 479470107.
        expect(partitionOf).toEqual({ '21': 0, foobar: 2, abc: 3 });
      });

      it('spreads records without key and partition somewhere, each once', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 3);
        await appendAll(
          client,
          Array.from({ length: 50 }, (_, i) =>
            record(topic, { partition: undefined, key: null, value: `v${i}` }),
          ),
        );
        const seen = await new CollectingReader(client, allOf(topic, 3)).untilSeen(50);
        expect(new Set(seen.map((s) => s.value)).size).toBe(50);
        expect(seen).toHaveLength(50);
      });

      it('keeps null apart from empty, and headers in their order', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        const headers: RecordHeader[] = [
          { key: 'a', value: Buffer.from('1') },
          { key: 'ä', value: null },
          { key: 'a', value: Buffer.alloc(0) },
        ];
        await appendAll(client, [
          { ...record(topic, { key: null, value: 'no key' }), headers },
          record(topic, { key: 'no value', value: null }),
          record(topic, { key: '', value: '' }),
        ]);
        const seen: SeenRecord[] = [];
        let seenHeaders: unknown[] = [];
        await readBatches(client, allOf(topic, 1), (batch) => {
          while (batch.next()) {
            seen.push(copyOf(batch));
            if (batch.offset === 0) {
              seenHeaders = batch.headers().map((h) => [h.key, h.value === null ? null : [...h.value]]);
            } else {
              expect(batch.headers()).toEqual([]);
            }
          }
          return seen.length >= 3;
        });
        expect(seen.map((s) => [s.key, s.value])).toEqual([
          [null, 'no key'],
          ['no value', null],
          ['', ''],
        ]);
        expect(seenHeaders).toEqual([
          ['a', [49]],
          ['ä', null],
          ['a', []],
        ]);
      });

      it('takes records of many sizes, up to 900 KB', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        const sizes = [900_000, 10, 300_000, 0, 900_000, 65_536];
        await appendAll(
          client,
          sizes.map((size, i) => record(topic, { value: String(i).repeat(size) })),
        );
        const seen = await new CollectingReader(client, allOf(topic, 1), 100_000).untilSeen(sizes.length);
        expect(seen.map((s) => s.value?.length)).toEqual(sizes);
        expect(seen.map((s) => s.value?.[0])).toEqual(['0', '1', '2', undefined, '4', '5']);
      });

      it('copies what it is given before append returns', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        const value = Buffer.from('first');
        const appender = client.openAppender(appenderOptions({}));
        appender.append({ ...record(topic, {}), value });
        value.write('WRONG');
        appender.append({ ...record(topic, {}), value: Buffer.from('second') });
        await appender.flush();
        expect(await valuesOf(client, topic, 2)).toEqual(['first', 'second']);
      });

      it('says when an appender is full, and calls when it can take more', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        let writableCalls = 0;
        let wake = () => {};
        const appender = client.openAppender(
          appenderOptions({
            bufferBytes: 200_000,
            onWritable: () => {
              writableCalls++;
              wake();
            },
          }),
        );
        let written = 0;
        while (written < 3_000) {
          while (appender.isWritable && written < 3_000) {
            appender.append(record(topic, { value: `${written++}`.padEnd(1_000) }));
          }
          if (written === 3_000) break;
          expect(written).toBeGreaterThan(50);
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          expect(appender.isWritable).toBe(true);
        }
        await appender.flush();
        expect(writableCalls).toBeGreaterThan(1);
        const seen = await new CollectingReader(client, allOf(topic, 1)).untilSeen(3_000);
        expect(seen.map((s) => Number(s.value))).toEqual(seen.map((_, i) => i));
      });

      it('has everything in the log once flush resolves', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 2);
        const appender = client.openAppender(appenderOptions({}));
        await appender.flush();
        for (let i = 0; i < 10; i++) appender.append(record(topic, { partition: i % 2 }));
        await appender.flush();
        const other = await openClient();
        expect(await ends(other, topic, 2)).toEqual([5, 5]);
      });
    });

    describe('positions', () => {
      it('bound a read: it starts in the middle of a batch and stops before the stop position', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        await appendAll(
          client,
          Array.from({ length: 100 }, (_, i) => record(topic, { value: `${i}` })),
        );
        const reader = new CollectingReader(client, [
          { topic, partition: 0, position: 17, stopPosition: 71 },
        ]);
        await reader.untilPosition(0, 71);
        expect(reader.seen.map((s) => s.offset)).toEqual(Array.from({ length: 54 }, (_, i) => 17 + i));
        expect(reader.seen[0]?.value).toBe('17');
        expect(reader.positions.get(0)).toBe(71);
        await sleep(100);
        reader.drain();
        expect(reader.seen).toHaveLength(54);
      });

      it('are resolved to the earliest, the end, a timestamp and a group commit', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 2);
        await appendAll(
          client,
          Array.from({ length: 40 }, (_, i) =>
            record(topic, { partition: i % 2, value: `${i}`, timestamp: startMs + 10 * i }),
          ),
        );
        const groupId = `group-${randomUUID()}`;
        await client.commitOffsets(groupId, [{ topic, partition: 1, offset: 7 }]);
        const committed = { kind: 'committed', groupId } as const;
        const at = (partition: number) => ({ topic, partition });
        expect(
          await client.resolveOffsets([
            { ...at(1), spec: { kind: 'end' } },
            { ...at(0), spec: { kind: 'earliest' } },
            { ...at(0), spec: { kind: 'timestamp', timestampMs: startMs + 101 } },
            { ...at(1), spec: { kind: 'timestamp', timestampMs: startMs + 390 } },
            { ...at(0), spec: { kind: 'timestamp', timestampMs: startMs + 1_000_000 } },
            { ...at(1), spec: { ...committed, fallback: 'end' } },
            { ...at(0), spec: { ...committed, fallback: 'end' } },
            { ...at(0), spec: { ...committed, fallback: 'earliest' } },
          ]),
        ).toEqual([20, 0, 6, 19, 20, 7, 20, 0]);
        const uncommitted = client.resolveOffsets([{ ...at(0), spec: { ...committed, fallback: 'fail' } }]);
        await expect(uncommitted).rejects.toMatchObject({
          code: 'invalid-configuration',
          message: expect.stringContaining(
            `${groupId} has committed no offset for topic ${topic}, partition 0`,
          ),
        });
      });

      it('of a group are replaced by later commits, also of other clients', async () => {
        const first = await openClient();
        const topic = await newTopic(first);
        await appendAll(
          first,
          Array.from({ length: 10 }, () => record(topic, {})),
        );
        const groupId = `group-${randomUUID()}`;
        await first.commitOffsets(groupId, [{ topic, partition: 0, offset: 3 }]);
        const second = await openClient();
        await second.commitOffsets(groupId, [{ topic, partition: 0, offset: 9 }]);
        expect(
          await first.resolveOffsets([
            { topic, partition: 0, spec: { kind: 'committed', groupId, fallback: 'end' } },
          ]),
        ).toEqual([9]);
      });

      it('beyond the end are an error, never a silent reset', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        await appendAll(client, [record(topic, {})]);
        const reader = new CollectingReader(client, [{ topic, partition: 0, position: 1_000 }]);
        expect(await reader.untilError()).toMatchObject({ name: 'LogError', code: 'offset-out-of-range' });
        expect(reader.seen).toEqual([]);
        expect(reader.resets).toEqual([]);
      });

      it('beyond the end are read from the earliest offset where the reader was told so, which it says', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        await appendAll(client, [record(topic, { value: 'a' }), record(topic, { value: 'b' })]);
        const start = { topic, partition: 0, position: 1_000 };
        const reader = new CollectingReader(client, [start], undefined, undefined, 'earliest');
        expect((await reader.untilSeen(2)).map(({ offset }) => offset)).toEqual([0, 1]);
        expect(reader.resets).toEqual([{ topic, partition: 0, from: 1_000, to: 0 }]);
        expect(reader.positions.get(0)).toBe(2);
      });

      it('beyond the end are left for the latest where the reader was told so', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        await appendAll(client, [record(topic, { value: 'a' }), record(topic, { value: 'b' })]);
        const start = { topic, partition: 0, position: 1_000 };
        const reader = new CollectingReader(client, [start], undefined, undefined, 'latest');
        await reader.untilPosition(0, 2);
        await appendAll(client, [record(topic, { value: 'c' })]);
        expect((await reader.untilSeen(1)).map(({ value }) => value)).toEqual(['c']);
        expect(reader.resets).toEqual([{ topic, partition: 0, from: 1_000, to: 2 }]);
      });
    });

    describe('a reader', () => {
      it('stops fetching at its budget until batches are released', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        const count = 6_000;
        await appendAll(
          client,
          Array.from({ length: count }, (_, i) => record(topic, { value: `${i}`.padEnd(1_000) })),
        );
        const prefetchBytes = 600_000;
        let held: (() => void)[] = [];
        let heldBytes = 0;
        let next = 0;
        const errors: Error[] = [];
        const reader = client.openReader({
          prefetchBytes,
          onAvailable: () => {},
          onError: (error) => errors.push(error),
        });
        reader.addPartition({ topic, partition: 0 }, 0, undefined);
        const pollAll = () => {
          for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
            const taken = batch;
            while (taken.next()) {
              expect(taken.offset).toBe(next++);
              heldBytes += taken.valueEnd - taken.valueStart;
            }
            held.push(() => taken.release());
          }
        };
        let largestHeldBytes = 0;
        for (let round = 0; next < count; round++) {
          if (round > 200) throw new Error(`Only ${next} of ${count} records came.`);
          // As long as nothing is released, waiting longer must not bring more than the budget.
          const quietMs = round < 3 ? 300 : 20;
          for (let waitedMs = 0; waitedMs < quietMs; waitedMs += 10) {
            await sleep(10);
            pollAll();
          }
          largestHeldBytes = Math.max(largestHeldBytes, heldBytes);
          for (const release of held) release();
          held = [];
          heldBytes = 0;
        }
        expect(errors).toEqual([]);
        // One batch may overdraw the budget; Kafka's are up to 1 MB.
        expect(largestHeldBytes).toBeLessThan(prefetchBytes + 1_100_000);
        await reader.close();
      });

      it('is fair: a full partition does not keep a small one waiting', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 2);
        await appendAll(client, [
          ...Array.from({ length: 5_000 }, () => record(topic, { partition: 0, value: 'x'.repeat(1_000) })),
          record(topic, { partition: 1, value: 'small' }),
        ]);
        const reader = client.openReader({
          prefetchBytes: 1_000_000,
          onAvailable: () => {},
          onError: () => {},
        });
        for (const start of allOf(topic, 2)) reader.addPartition(start, 0, undefined);
        const order: number[] = [];
        // Nothing of the full partition is released, so a reader that let it take the whole budget would hang.
        for (let waitedMs = 0; waitedMs < 20_000 && !order.includes(1); waitedMs += 10) {
          await sleep(10);
          for (let batch = reader.poll(); batch !== undefined; batch = reader.poll())
            order.push(batch.partition);
        }
        expect(order).toContain(1);
        await reader.close();
      });

      it('reads on in one partition while nothing of the others is released', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 4);
        const [count, valueBytes] = [1_500, 1_000];
        await appendAll(
          client,
          Array.from({ length: 4 * count }, (_, i) =>
            record(topic, { partition: i % 4, value: 'x'.repeat(valueBytes) }),
          ),
        );
        // Less than a batch of each partition.
        const reader = client.openReader({
          prefetchBytes: 300_000,
          onAvailable: () => {},
          onError: () => {},
        });
        for (const start of allOf(topic, 4)) reader.addPartition(start, 0, undefined);
        let position = 0;
        for (let waitedMs = 0; waitedMs < 10_000 && position < count; waitedMs += 10) {
          await sleep(10);
          for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
            // Those of the others are kept, as of splits that wait for a slower one.
            if (batch.partition !== 0) continue;
            position = batch.positionAfter;
            batch.release();
          }
        }
        expect(position).toBe(count);
        await reader.close();
      });

      it('sees what comes to any of its partitions, though its budget is for a few', async () => {
        const client = await openClient();
        const partitions = 8;
        const topic = await newTopic(client, partitions);
        const reader = new CollectingReader(client, allOf(topic, partitions), 128 * 1024);
        for (const { partition } of allOf(topic, partitions)) {
          for (let i = 0; i < 500 && reader.reader.endOffset({ topic, partition }) === undefined; i++)
            await sleep(10);
        }
        for (let partition = 0; partition < partitions; partition++) {
          await appendAll(client, [record(topic, { partition })]);
          await reader.untilSeen(partition + 1);
        }
      });

      it('knows the end of its partitions, also of an empty one', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 2);
        await appendAll(client, [record(topic, { partition: 0 }), record(topic, { partition: 0 })]);
        const reader = new CollectingReader(client, allOf(topic, 2));
        await reader.untilSeen(2);
        for (let i = 0; i < 500 && reader.reader.endOffset({ topic, partition: 1 }) === undefined; i++)
          await sleep(10);
        expect(reader.reader.endOffset({ topic, partition: 0 })).toBe(2);
        expect(reader.reader.endOffset({ topic, partition: 1 })).toBe(0);
      });

      it('is told of what is appended while it waits at the end, by other clients too', async () => {
        const readerClient = await openClient();
        const writerClient = await openClient();
        const topic = await newTopic(writerClient, 2);
        const reader = new CollectingReader(readerClient, allOf(topic, 2));
        for (let i = 0; i < 30; i++) {
          await appendAll(writerClient, [record(topic, { partition: i % 2, value: `${i}` })]);
          if (i % 10 === 0) await sleep(30);
          await reader.untilSeen(i + 1);
        }
        expect(reader.availableCalls).toBeGreaterThan(1);
        expect(reader.valuesOf(0)).toEqual(Array.from({ length: 15 }, (_, i) => `${2 * i}`));
        expect(reader.valuesOf(1)).toEqual(Array.from({ length: 15 }, (_, i) => `${2 * i + 1}`));
      });

      it('sees each record once, in order, while many are written', async () => {
        const readerClient = await openClient();
        const writerClient = await openClient();
        const topic = await newTopic(writerClient, 3);
        const reader = new CollectingReader(readerClient, allOf(topic, 3), 300_000);
        const appender = writerClient.openAppender(appenderOptions({}));
        const count = 9_000;
        for (let i = 0; i < count; i++) {
          appender.append(record(topic, { partition: i % 3, value: `${i}`.padEnd(200) }));
          if (i % 500 === 0) await sleep(1);
        }
        await appender.flush();
        await reader.untilSeen(count);
        for (const partition of [0, 1, 2]) {
          expect(reader.valuesOf(partition).map(Number)).toEqual(
            Array.from({ length: count / 3 }, (_, i) => 3 * i + partition),
          );
        }
      });

      it('calls nobody after it is closed', async () => {
        const readerClient = await openClient();
        const writerClient = await openClient();
        const topic = await newTopic(writerClient);
        const reader = new CollectingReader(readerClient, allOf(topic, 1));
        await appendAll(writerClient, [record(topic, {})]);
        await reader.untilSeen(1);
        await reader.reader.close();
        const callsBefore = reader.availableCalls;
        await appendAll(writerClient, [record(topic, {})]);
        await sleep(200);
        expect(reader.availableCalls).toBe(callsBefore);
        expect(reader.reader.poll()).toBeUndefined();
        expect(reader.errors).toEqual([]);
      });
    });

    describe('transactions', () => {
      const newId = () => `tx-${randomUUID()}`;

      it('are invisible until they are committed, and then wholly visible, in every partition', async () => {
        const client = await openClient();
        const topics = [await newTopic(client, 2), await newTopic(client, 1)] as const;
        const places = [
          [topics[0], 0],
          [topics[0], 1],
          [topics[1], 0],
        ] as const;
        const reader = new CollectingReader(
          client,
          places.map(([topic, partition]) => ({ topic, partition, position: 0 })),
        );
        const transaction = await client.transactions.begin(newId(), transactionOptions({}));
        for (let i = 0; i < 30; i++) {
          const [topic, partition] = places[i % 3] as (typeof places)[number];
          transaction.append(record(topic, { partition, value: `${i}` }));
        }
        const prepared = await prepare(transaction);
        await sleep(300);
        reader.drain();
        expect(reader.seen).toEqual([]);
        await client.transactions.commit(prepared);
        const seen = await reader.untilSeen(30);
        expect(seen.map((s) => Number(s.value)).sort((a, b) => a - b)).toEqual(
          Array.from({ length: 30 }, (_, i) => i),
        );
      });

      it('stay invisible when they are aborted, and a reader passes over them', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        const id = newId();
        const aborted = await client.transactions.begin(id, transactionOptions({}));
        aborted.append(record(topic, { value: 'aborted', key: '\0\0\0\0' }));
        await aborted.flush();
        await aborted.abort();
        await commitNew(client, id, [record(topic, { value: 'kept' })]);
        // A commit may take a moment to move the end; the record is here once it has.
        await new CollectingReader(client, allOf(topic, 1)).untilSeen(1);
        const end = (await ends(client, topic, 1))[0] as number;
        const reader = new CollectingReader(client, [
          { topic, partition: 0, position: 0, stopPosition: end },
        ]);
        await reader.untilPosition(0, end);
        expect(reader.seen.map((s) => s.value)).toEqual(['kept']);
      });

      it('keep their own records in order, also beside plain appends', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        const plain = client.openAppender(appenderOptions({}));
        const transaction = await client.transactions.begin(newId(), transactionOptions({}));
        for (let i = 0; i < 20; i++) {
          transaction.append(record(topic, { value: `t${i}` }));
          await transaction.flush();
          plain.append(record(topic, { value: `p${i}` }));
          await plain.flush();
        }
        await client.transactions.commit(await prepare(transaction));
        const seen = await new CollectingReader(client, allOf(topic, 1)).untilSeen(40);
        const values = seen.map((s) => s.value ?? '');
        expect(values.filter((v) => v.startsWith('t'))).toEqual(
          Array.from({ length: 20 }, (_, i) => `t${i}`),
        );
        expect(values.filter((v) => v.startsWith('p'))).toEqual(
          Array.from({ length: 20 }, (_, i) => `p${i}`),
        );
      });

      it('can be committed by another client when their own is gone, any number of times', async () => {
        const writer = await openClient();
        const topic = await newTopic(writer);
        const transaction = await writer.transactions.begin(newId(), transactionOptions({}));
        transaction.append(record(topic, { value: 'once' }));
        const prepared = await prepare(transaction);
        await writer.close();
        const settler = await openClient();
        const asStored: PreparedTransaction = JSON.parse(JSON.stringify(prepared));
        await settler.transactions.commit(asStored);
        await settler.transactions.commit(asStored);
        const another = await openClient();
        await another.transactions.commit(asStored);
        await commitNew(another, newId(), [record(topic, { value: 'last' })]);
        expect(await valuesOf(another, topic, 2)).toEqual(['once', 'last']);
      });

      it('are aborted by a begin of their id, after which a commit says that they are lost', async () => {
        const first = await openClient();
        const topic = await newTopic(first);
        const id = newId();
        const transaction = await first.transactions.begin(id, transactionOptions({}));
        transaction.append(record(topic, { value: 'lost' }));
        const prepared = await prepare(transaction);
        const second = await openClient();
        await commitNew(second, id, [record(topic, { value: 'kept' })]);
        await expect(second.transactions.commit(prepared)).rejects.toMatchObject({
          name: 'LogError',
          code: 'transaction-lost',
        });
        expect(await valuesOf(second, topic, 1)).toEqual(['kept']);
      });

      it('are aborted by a fence, after which nothing of them can be committed', async () => {
        const first = await openClient();
        const topic = await newTopic(first);
        const id = newId();
        const transaction = await first.transactions.begin(id, transactionOptions({}));
        transaction.append(record(topic, { value: 'lost' }));
        const prepared = await prepare(transaction);
        const second = await openClient();
        await second.transactions.fence(id, transactionTimeoutMs);
        await expect(second.transactions.commit(prepared)).rejects.toMatchObject({
          code: 'transaction-lost',
        });
        await appendAll(second, [record(topic, { value: 'kept' })]);
        expect(await valuesOf(second, topic, 1)).toEqual(['kept']);
      });

      it('of ids that nobody used can be fenced', async () => {
        const client = await openClient();
        await client.transactions.fence(newId(), transactionTimeoutMs);
      });

      it('shut out their former user, who is told so', async () => {
        const first = await openClient();
        const topic = await newTopic(first);
        const id = newId();
        const errors: Error[] = [];
        const fenced = await first.transactions.begin(
          id,
          transactionOptions({ onError: (e) => errors.push(e) }),
        );
        fenced.append(record(topic, { value: 'lost' }));
        await fenced.flush();
        const second = await openClient();
        const successor = await second.transactions.begin(id, transactionOptions({}));
        fenced.append(record(topic, { value: 'lost too' }));
        await expect(fenced.prepare()).rejects.toMatchObject({ name: 'LogError', code: 'fenced' });
        expect(errors).toHaveLength(1);
        successor.append(record(topic, { value: 'kept' }));
        await second.transactions.commit(await prepare(successor));
        expect(await valuesOf(second, topic, 1)).toEqual(['kept']);
      });

      it('that are empty are not there to be recorded, and their id goes on', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        const id = newId();
        const empty = await client.transactions.begin(id, transactionOptions({}));
        expect(await empty.prepare()).toBeUndefined();
        const emptyToo = await client.transactions.begin(id, transactionOptions({}));
        await emptyToo.abort();
        await commitNew(client, id, [record(topic, { value: 'kept' })]);
        expect(await new CollectingReader(client, allOf(topic, 1)).untilSeen(1)).toHaveLength(1);
      });

      it('take nothing once they are prepared', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        const transaction = await client.transactions.begin(newId(), transactionOptions({}));
        transaction.append(record(topic, { value: 'kept' }));
        const preparing = prepare(transaction);
        expect(() => transaction.append(record(topic, { value: 'late' }))).toThrow();
        const prepared = await preparing;
        expect(() => transaction.append(record(topic, { value: 'late' }))).toThrow();
        await client.transactions.commit(prepared);
        expect(await valuesOf(client, topic, 1)).toEqual(['kept']);
      });

      it('of one id follow each other, each visible in its turn', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 2);
        const id = newId();
        const reader = new CollectingReader(client, allOf(topic, 2));
        for (let n = 0; n < 12; n++) {
          await commitNew(client, id, [
            record(topic, { partition: 0, value: `${n}` }),
            record(topic, { partition: 1, value: `${n}` }),
          ]);
        }
        await reader.untilSeen(24);
        for (const partition of [0, 1]) {
          expect(reader.valuesOf(partition)).toEqual(Array.from({ length: 12 }, (_, n) => `${n}`));
        }
      });

      it('of several ids are open at once and end in any order', async () => {
        const client = await openClient();
        const topic = await newTopic(client);
        const open = await Promise.all(
          Array.from({ length: 4 }, () => client.transactions.begin(newId(), transactionOptions({}))),
        );
        for (let i = 0; i < 12; i++) open[i % 4]?.append(record(topic, { value: `${i % 4}` }));
        const prepared = await Promise.all(open.map(prepare));
        await client.transactions.commit(prepared[3] as PreparedTransaction);
        await open[1]?.abort();
        await client.transactions.commit(prepared[0] as PreparedTransaction);
        await client.transactions.commit(prepared[2] as PreparedTransaction);
        const seen = await new CollectingReader(client, allOf(topic, 1)).untilSeen(9);
        expect(seen.map((s) => s.value).sort()).toEqual(['0', '0', '0', '2', '2', '2', '3', '3', '3']);
      });

      it('carry large amounts, committed atomically', async () => {
        const client = await openClient();
        const topic = await newTopic(client, 4);
        const transaction = await client.transactions.begin(newId(), transactionOptions({}));
        const count = 8_000;
        for (let i = 0; i < count; i++) {
          transaction.append(record(topic, { partition: i % 4, value: `${i}`.padEnd(1_000) }));
        }
        const prepared = await prepare(transaction);
        await client.transactions.commit(prepared);
        const reader = new CollectingReader(client, allOf(topic, 4));
        await reader.untilSeen(count);
        for (const partition of [0, 1, 2, 3]) {
          expect(reader.valuesOf(partition).map(Number)).toEqual(
            Array.from({ length: count / 4 }, (_, i) => 4 * i + partition),
          );
        }
      });
    });

    describe('a closed client', () => {
      it('calls nobody and refuses further requests', async () => {
        const closing = await openClient();
        const other = await openClient();
        const topic = await newTopic(other);
        const reader = new CollectingReader(closing, allOf(topic, 1));
        await appendAll(other, [record(topic, {})]);
        await reader.untilSeen(1);
        await closing.close();
        const callsBefore = reader.availableCalls;
        await appendAll(other, [record(topic, {})]);
        await sleep(200);
        expect(reader.availableCalls).toBe(callsBefore);
        expect(reader.errors).toEqual([]);
        await expect(closing.describeTopics([topic])).rejects.toThrow();
      });

      it('can be closed twice', async () => {
        const client = await openClient();
        await client.close();
        await client.close();
      });
    });
  });
}

const transactionTimeoutMs = 60_000;
const startMs = Date.now() - 100_000;

function record(
  topic: string,
  fields: { partition?: number | undefined; key?: string | null; value?: string | null; timestamp?: number },
): LogRecord {
  const { key = null, value = 'value', timestamp = startMs } = fields;
  return {
    topic,
    partition: 'partition' in fields ? fields.partition : 0,
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    timestamp,
  };
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString();
}

function appenderOptions(overrides: Partial<AppenderOptions>): AppenderOptions {
  return { onWritable: () => {}, onError: () => {}, bufferBytes: 32 * 1024 * 1024, ...overrides };
}

function transactionOptions(overrides: Partial<TransactionOptions>): TransactionOptions {
  return { ...appenderOptions({}), transactionTimeoutMs, ...overrides };
}

function allOf(topic: string, partitions: number): PartitionStart[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition, position: 0 }));
}

/** Of a topic of one partition, once there are so many. */
async function valuesOf(client: LogClient, topic: string, count: number): Promise<(string | null)[]> {
  return (await new CollectingReader(client, allOf(topic, 1)).untilSeen(count)).map(({ value }) => value);
}

async function appendAll(client: LogClient, records: readonly LogRecord[]): Promise<void> {
  const appender = client.openAppender(appenderOptions({}));
  for (const each of records) appender.append(each);
  await appender.flush();
  await appender.close();
}

async function prepare(transaction: LogTransaction): Promise<PreparedTransaction> {
  const prepared = await transaction.prepare();
  if (prepared === undefined) throw new Error('The transaction was empty.');
  return prepared;
}

async function commitNew(
  client: LogClient,
  transactionalId: string,
  records: readonly LogRecord[],
): Promise<void> {
  const transaction = await client.transactions.begin(transactionalId, transactionOptions({}));
  for (const each of records) transaction.append(each);
  await client.transactions.commit(await prepare(transaction));
}

function ends(client: LogClient, topic: string, partitions: number): Promise<readonly number[]> {
  return client.resolveOffsets(
    Array.from({ length: partitions }, (_, partition) => ({
      topic,
      partition,
      spec: { kind: 'end' as const },
    })),
  );
}

/** Polls until `take` says that it has enough. */
async function readBatches(
  client: LogClient,
  starts: readonly PartitionStart[],
  take: (batch: NonNullable<ReturnType<ReturnType<LogClient['openReader']>['poll']>>) => boolean,
): Promise<void> {
  const errors: Error[] = [];
  const reader = client.openReader({
    prefetchBytes: 1_000_000,
    onAvailable: () => {},
    onError: (error) => errors.push(error),
  });
  for (const start of starts) reader.addPartition(start, start.position, start.stopPosition);
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 10) {
    for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
      const isEnough = take(batch);
      batch.release();
      if (isEnough) {
        await reader.close();
        return;
      }
    }
    if (errors[0] !== undefined) throw errors[0];
    await sleep(10);
  }
  throw new Error('The records did not come.');
}
