import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import type { Isolation } from '../../src/log/log-port.js';
import { createTopicWith } from '../kafka-broker/create-topic-with.js';
import { type KafkaBroker, kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { CollectingReader, sleep } from '../log/collecting-reader.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { groupBy } from './group-by.js';
import { type RawBatch, rawBatches } from './raw-batches.js';
import { javaHistories, type PartitionHistory, type TopicHistories } from './transaction-histories.js';

/** Of each topic: as many different histories. */
const partitions = 80;
/** A partition takes part in one of three. */
const steps = 60;
/** Each reads all partitions, with another fetch size and from other positions; MILLRACE_PASSES gives another number. */
const passes = Number(process.env.MILLRACE_PASSES ?? 10);
/** From less than a batch, so that each answer has one of each partition, to many of them. */
const fetchBytesMax = 3_000;
/** A broker takes its time for so many partitions where others are at work. */
const historiesMaxMs = 240_000;
const isolations: readonly Isolation[] = ['read_committed', 'read_uncommitted'];

const topics: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'as-produced': {},
  'log-append-time': { 'message.timestamp.type': 'LogAppendTime' },
  recompressed: { 'compression.type': 'zstd' },
};

/** Cleaned as soon as a segment is closed, which one step's pause is enough for. */
const compacted = {
  partitions: 20,
  steps: 40,
  pauseMs: 60,
  settings: {
    'cleanup.policy': 'compact',
    'segment.ms': '50',
    'min.cleanable.dirty.ratio': '0.001',
    'delete.retention.ms': '100',
  },
} as const;
/** The cleaner looks at each tenth of a second. */
const quietMs = 3_000;
const compactionMaxMs = 60_000;

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)(
  "Interleaved transactions of Java's producer",
  { timeout: 240_000 },
  () => {
    let broker: KafkaBroker;
    let histories: ReadonlyMap<Isolation, TopicHistories>;
    const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000);

    beforeAll(async () => {
      console.log(`Seed ${seed}; MILLRACE_SEED=${seed} repeats its histories and its fetches.`);
      // Each partition maps its indexes into memory.
      broker = await startKafkaBroker({
        properties: {
          'log.index.size.max.bytes': '4096',
          'log.cleaner.enable': 'true',
          'log.cleaner.backoff.ms': '100',
          'log.cleaner.dedupe.buffer.size': String(4 * 1024 * 1024),
        },
      });
      for (const [topic, settings] of Object.entries(topics))
        await createTopicWith(broker.brokers, topic, partitions, settings);
      histories = await javaHistories(broker.brokers, Object.keys(topics), { seed, steps });
    }, historiesMaxMs);
    afterAll(() => broker?.stop());

    it('have aborted, committed and open ones', () => {
      const [committed = 0, all = 0] = isolations.map((isolation) => {
        const perTopic = [...(histories.get(isolation)?.values() ?? [])].flat();
        return perTopic.reduce((sum, { records }) => sum + records.length, 0);
      });
      console.log(`${all} records, ${committed} of them committed.`);
      // Some twenty transactions end, each by a toss: a share far from a half is rare, but no seed must fail for it.
      expect(committed).toBeGreaterThan(all / 20);
      expect(committed).toBeLessThan((19 * all) / 20);
    });

    for (const isolation of isolations) {
      it.each(Object.keys(topics))(
        `read the same in ours and in Java's consumer, ${isolation}: %s`,
        async (topic) => {
          const random = new SimulatedRandom(seed);
          const ofTopic = histories.get(isolation)?.get(topic) ?? [];
          expect(ofTopic).toHaveLength(partitions);
          for (let pass = 0; pass < passes; pass++) {
            // Small ones are where the markers lie beyond the fetch.
            const fetchBytes = 1 + Math.floor(fetchBytesMax * random.next() ** 2);
            const starts = ofTopic.map(({ end }) => (pass === 0 ? 0 : random.integer(end + 1)));
            await expectSameAsJava(topic, isolation, { histories: ofTopic, starts, fetchBytes });
          }
        },
      );
    }

    it("read the same in ours and in Java's consumer when compaction has left gaps and empty batches", async () => {
      const { steps, pauseMs, settings } = compacted;
      await createTopicWith(broker.brokers, 'compacted', compacted.partitions, settings);
      await javaHistories(broker.brokers, ['compacted'], { seed, steps, pauseMs });
      const atRest = await untilCompacted('compacted');
      const read = await javaHistories(broker.brokers, ['compacted']);
      const random = new SimulatedRandom(seed);
      for (let pass = 0; pass < 2 * passes; pass++) {
        const isolation = random.pick(isolations);
        const ofTopic = read.get(isolation)?.get('compacted') ?? [];
        expect(ofTopic).toHaveLength(compacted.partitions);
        const starts = ofTopic.map(({ end }) => (pass < isolations.length ? 0 : random.integer(end + 1)));
        const fetchBytes = 1 + random.integer(fetchBytesMax);
        await expectSameAsJava('compacted', isolation, { histories: ofTopic, starts, fetchBytes });
      }
      // Else one of the two might have read something else.
      expect(await rawBatches(broker.brokers, 'compacted')).toEqual(atRest);
    });

    /** The batches that are left, once there are empty ones among them and nothing more changes. */
    async function untilCompacted(topic: string): Promise<readonly RawBatch[]> {
      const deadlineMs = performance.now() + compactionMaxMs;
      for (let before = await rawBatches(broker.brokers, topic); ; ) {
        await sleep(quietMs);
        const after = await rawBatches(broker.brokers, topic);
        const empty = after.filter(({ recordCount }) => recordCount === 0).length;
        if (empty > 0 && JSON.stringify(after) === JSON.stringify(before)) {
          console.log(`${after.length} batches are left, ${empty} of them empty.`);
          return after;
        }
        if (performance.now() > deadlineMs) throw new Error(`${empty} of ${after.length} batches are empty.`);
        before = after;
      }
    }

    async function expectSameAsJava(
      topic: string,
      isolation: Isolation,
      read: {
        readonly histories: readonly PartitionHistory[];
        readonly starts: readonly number[];
        readonly fetchBytes: number;
      },
    ): Promise<void> {
      const client = createKafkaLogClient({ brokers: broker.brokers, partitionFetchBytes: read.fetchBytes });
      const starts = read.histories.map(({ partition, end }, i) => ({
        topic,
        partition,
        position: read.starts[i] ?? 0,
        stopPosition: end,
      }));
      const reader = new CollectingReader(client, starts, undefined, isolation);
      for (const { partition, position, stopPosition } of starts) {
        if (position < stopPosition) await reader.untilPosition(partition, stopPosition);
      }
      await client.close();
      const seen = groupBy(reader.seen, ({ partition }) => partition);
      for (const { partition, records } of read.histories) {
        const start = read.starts[partition] ?? 0;
        const where = `seed ${seed}, ${topic}, partition ${partition} from ${start}, fetching ${read.fetchBytes} bytes`;
        expect(seen.get(partition) ?? [], where).toEqual(records.filter(({ offset }) => offset >= start));
      }
    }
  },
);
