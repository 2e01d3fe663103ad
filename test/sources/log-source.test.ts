import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { json } from '../../src/codecs/json.js';
import { nullable } from '../../src/codecs/nullable.js';
import { string } from '../../src/codecs/string.js';
import {
  type Isolation,
  type LogClient,
  LogError,
  type OffsetRequest,
  type TopicPartitionOffset,
} from '../../src/log/log-port.js';
import { MillraceError } from '../../src/protocol/failures.js';
import { splitId } from '../../src/protocol/ids.js';
import { logSource } from '../../src/sources/log-source.js';
import type { KeyedRecord } from '../../src/sources/record-decoder.js';
import type { Source, SourceReader, SourceSplit } from '../../src/sources/source.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { CollectingSourceOutput } from './collecting-source-output.js';
import { ScriptedLogReader, type ScriptedPartition } from './scripted-log-reader.js';

const clock = new SimulatedClock(new SimulatedRandom(1));
const id = (index: number) => splitId(`t-${index}`);

/** The parts of a client that discovery and reading use; anything else is a mistake and throws. */
class ScriptedLog {
  readonly requests: OffsetRequest[] = [];
  readonly isolations: (Isolation | undefined)[] = [];
  readonly committed: { readonly groupId: string; readonly offsets: readonly TopicPartitionOffset[] }[] = [];
  readonly readers: ScriptedLogReader[] = [];
  private readonly script: readonly ScriptedPartition[];

  constructor(script: readonly ScriptedPartition[]) {
    this.script = script;
  }

  readonly client = {
    describeTopics: async (topics: readonly string[]) =>
      topics.map((topic) => ({
        topic,
        partitions: this.script.filter((each) => each.topic === topic).map((each) => each.partition),
      })),
    listTopics: async () => [...new Set(this.script.map((each) => each.topic))],
    resolveOffsets: async (requests: readonly OffsetRequest[], isolation?: Isolation) => {
      this.requests.push(...requests);
      this.isolations.push(isolation);
      return requests.map((request) => {
        const partition = this.script.find(
          (each) => each.topic === request.topic && each.partition === request.partition,
        )!;
        return request.spec.kind === 'end' ? partition.endOffset : (partition.batches[0]?.baseOffset ?? 0);
      });
    },
    commitOffsets: async (groupId: string, offsets: readonly TopicPartitionOffset[]) => {
      this.committed.push({ groupId, offsets });
    },
    openReader: (options: ConstructorParameters<typeof ScriptedLogReader>[1]) => {
      const reader = new ScriptedLogReader(this.script, options);
      this.readers.push(reader);
      return reader;
    },
  } as unknown as LogClient;

  readonly open = async (): Promise<LogClient> => this.client;
}

const twoPartitions: readonly ScriptedPartition[] = [
  {
    topic: 't',
    partition: 0,
    batches: [
      { baseOffset: 0, values: ['a0', 'a1', 'a2'] },
      { baseOffset: 5, values: ['a5', 'a6'] },
    ],
    endOffset: 8,
  },
  { topic: 't', partition: 1, batches: [{ baseOffset: 10, values: ['b10', 'b11'] }], endOffset: 12 },
];

async function readAll<T>(
  source: Source<T>,
  log: ScriptedLog,
  splits?: readonly SourceSplit[],
  watermarks: readonly number[] = [],
) {
  const output = new CollectingSourceOutput<T>();
  output.watermarks.push(...watermarks);
  const reader = source.createReader(output.context(clock, log.open));
  reader.addSplits(splits ?? (await source.discoverSplits({ log: log.open })));
  await settled();
  return { output, reader };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function positions(reader: SourceReader): unknown[] {
  return reader.snapshotSplits().map((split) => (split.state as { position: number }).position);
}

describe('A log source’s reader that is told to pause splits', () => {
  it('emits nothing of them, and later everything in its order, also from the middle of a batch', async () => {
    const log = new ScriptedLog(twoPartitions);
    const { output, reader } = await readAll(logSource({ topics: 't', value: string() }), log);
    reader.emitNext(2);
    expect(output.values).toEqual(['a0', 'a1']);
    reader.pauseSplits?.(new Set([id(0)]));
    expect(reader.emitNext(10)).toBe('nothing-available');
    expect(output.values).toEqual(['a0', 'a1', 'b10', 'b11']);
    expect(positions(reader)).toEqual([2, 12]);
    reader.pauseSplits?.(new Set());
    expect(reader.emitNext(1)).toBe('more-available');
    reader.pauseSplits?.(new Set([id(0)]));
    expect(reader.emitNext(10)).toBe('nothing-available');
    reader.pauseSplits?.(new Set([id(1)]));
    reader.emitNext(10);
    expect(output.values.slice(4)).toEqual(['a2', 'a5', 'a6']);
  });

  it('gives back what waits when it is closed', async () => {
    const log = new ScriptedLog(twoPartitions);
    const { reader } = await readAll(logSource({ topics: 't', value: string() }), log);
    reader.emitNext(1);
    reader.pauseSplits?.(new Set([id(0), id(1)]));
    reader.emitNext(10);
    expect(log.readers[0]).toMatchObject({ polledBatches: 3, releasedBatches: 0 });
    await reader.close();
    expect(log.readers[0]).toMatchObject({ releasedBatches: 3, isClosed: true });
  });
});

describe('A record of a log source', () => {
  it('is named by topic, partition and offset, over gaps in the offsets too', async () => {
    const log = new ScriptedLog(twoPartitions);
    const source = logSource({ topics: 't', value: string() });
    const { output, reader } = await readAll(source, log);
    reader.emitNext(10);
    const splits = await source.discoverSplits({ log: log.open });
    expect(splits.map((split) => source.describePlace(split))).toEqual([
      'topic t, partition 0, offset',
      'topic t, partition 1, offset',
    ]);
    expect(output.emitted.map(({ value, position }) => `${value} ${position}`)).toEqual([
      'a0 0',
      'a1 1',
      'a2 2',
      'b10 10',
      'b11 11',
      'a5 5',
      'a6 6',
    ]);
  });
});

describe('discovering the splits of a log source', () => {
  it('gives each partition with its start resolved, indexed by its number', async () => {
    const log = new ScriptedLog(twoPartitions);
    const splits = await logSource({ topics: 't', value: string() }).discoverSplits({ log: log.open });
    expect(splits).toEqual([
      { splitId: id(0), index: 0, state: { topic: 't', partition: 0, position: 0, stopPosition: null } },
      { splitId: id(1), index: 1, state: { topic: 't', partition: 1, position: 10, stopPosition: null } },
    ]);
    expect(log.requests.map((request) => request.spec.kind)).toEqual(['earliest', 'earliest']);
  });

  it('resolves the stop of a bounded source, so that its end is the same after a restart', async () => {
    const log = new ScriptedLog(twoPartitions);
    const source = logSource({ topics: ['t'], value: string(), bounded: 'latest' });
    const splits = await source.discoverSplits({ log: log.open });
    expect(source.boundedness).toBe('bounded');
    expect(splits.map((split) => split.state)).toMatchObject([{ stopPosition: 8 }, { stopPosition: 12 }]);
  });

  it.each([
    ['earliest', { kind: 'earliest' }],
    ['latest', { kind: 'end' }],
    ['committed', { kind: 'committed', groupId: 'g', fallback: 'earliest' }],
    [{ timestampMs: 7 }, { kind: 'timestamp', timestampMs: 7 }],
    [{ committedOr: 'latest' }, { kind: 'committed', groupId: 'g', fallback: 'end' }],
    [{ committedOr: 'fail' }, { kind: 'committed', groupId: 'g', fallback: 'fail' }],
  ] as const)('asks the log for %j', async (startingOffsets, spec) => {
    const log = new ScriptedLog(twoPartitions);
    await logSource({ topics: 't', groupId: 'g', startingOffsets, value: string() }).discoverSplits({
      log: log.open,
    });
    expect(log.requests[0]).toEqual({ topic: 't', partition: 0, spec });
  });

  it('begins and ends where it is told to, partition by partition, and asks the log for the rest alone', async () => {
    const log = new ScriptedLog(twoPartitions);
    const source = logSource({
      topics: 't',
      value: string(),
      startingOffsets: { offsets: [{ topic: 't', partition: 1, offset: 11 }], otherwise: 'latest' },
      bounded: {
        offsets: [
          { topic: 't', partition: 0, offset: 20 },
          { topic: 't', partition: 1, offset: 21 },
        ],
      },
    });
    const splits = await source.discoverSplits({ log: log.open });
    expect(splits.map((split) => split.state)).toMatchObject([
      { position: 8, stopPosition: 20 },
      { position: 11, stopPosition: 21 },
    ]);
    expect(log.requests).toEqual([{ topic: 't', partition: 0, spec: { kind: 'end' } }]);
  });

  it('names the partition that bounded offsets leave out', async () => {
    const source = logSource({
      topics: 't',
      value: string(),
      bounded: { offsets: [{ topic: 't', partition: 0, offset: 20 }] },
    });
    await expect(source.discoverSplits({ log: new ScriptedLog(twoPartitions).open })).rejects.toThrow(
      /no offset for topic t, partition 1/,
    );
  });

  it('ends at a time', async () => {
    const log = new ScriptedLog(twoPartitions);
    await logSource({ topics: 't', value: string(), bounded: { timestampMs: 9 } }).discoverSplits({
      log: log.open,
    });
    expect(log.requests.at(-1)?.spec).toEqual({ kind: 'timestamp', timestampMs: 9 });
  });

  it('resolves and reads with the isolation it is given', async () => {
    const log = new ScriptedLog(twoPartitions);
    await readAll(
      logSource({ topics: 't', value: string(), isolation: 'read_uncommitted', bounded: 'latest' }),
      log,
    );
    expect(log.isolations).toEqual(['read_uncommitted', 'read_uncommitted']);
    expect(log.readers[0]?.options.isolation).toBe('read_uncommitted');
  });

  it("reads with Kafka's settings, and commits to the group that they name", async () => {
    const log = new ScriptedLog(twoPartitions);
    const source = logSource({
      topics: 't',
      value: string(),
      properties: {
        'fetch.min.bytes': '100',
        'client.id': 'me',
        'isolation.level': 'read_uncommitted',
        'group.id': 'g',
      },
    });
    const splits = await source.discoverSplits({ log: log.open });
    await source.onCheckpointComplete?.({ log: log.open }, splits);
    await readAll(source, log, splits);
    expect(log.readers[0]?.options).toMatchObject({
      fetchMinBytes: 100,
      clientId: 'me',
      isolation: 'read_uncommitted',
    });
    expect(log.committed.map(({ groupId }) => groupId)).toEqual(['g']);
  });

  it('finds topics by a pattern, each time anew', async () => {
    const log = new ScriptedLog(
      ['orders-b', 'clicks', 'orders-a'].map((topic) => ({ topic, partition: 0, batches: [], endOffset: 0 })),
    );
    const source = logSource({ topics: /^orders-/g, value: string() });
    for (const _ of [1, 2]) {
      const splits = await source.discoverSplits({ log: log.open });
      expect(splits.map((split) => split.splitId)).toEqual(['orders-a-0', 'orders-b-0']);
    }
    await expect(
      logSource({ topics: /^payments/, value: string() }).discoverSplits({ log: log.open }),
    ).rejects.toThrow(/No topic is like \/\^payments\/: the log has clicks, orders-a, orders-b/);
  });

  it('reads partitions by hand, each by the subtask it is pinned to, also after a restore', async () => {
    const log = new ScriptedLog(twoPartitions);
    const source = logSource({ partitions: [{ topic: 't', partition: 1, subtask: 4 }], value: string() });
    const splits = await source.discoverSplits({ log: log.open });
    expect(splits).toMatchObject([{ splitId: id(1), index: 4 }]);
    const { reader } = await readAll(source, log, splits);
    reader.emitNext(1);
    expect(reader.snapshotSplits()).toMatchObject([{ splitId: id(1), index: 4, state: { position: 11 } }]);
    await expect(
      logSource({ partitions: [{ topic: 't', partition: 2 }], value: string() }).discoverSplits({
        log: log.open,
      }),
    ).rejects.toThrow(/no partition 2: it has 2/);
  });

  it('commits the positions of a completed checkpoint to the group, and nothing without one', async () => {
    const log = new ScriptedLog(twoPartitions);
    const source = logSource({ topics: 't', groupId: 'g', value: string() });
    const splits = await source.discoverSplits({ log: log.open });
    await source.onCheckpointComplete?.({ log: log.open }, splits);
    await logSource({ topics: 't', value: string() }).onCheckpointComplete?.({ log: log.open }, splits);
    expect(log.committed).toEqual([
      {
        groupId: 'g',
        offsets: [
          { topic: 't', partition: 0, offset: 0 },
          { topic: 't', partition: 1, offset: 10 },
        ],
      },
    ]);
  });

  it('refuses wrong options at once', () => {
    expect(() => logSource({ topics: [], value: string() })).toThrow(/names no topic/);
    expect(() => logSource({ topics: 't', startingOffsets: 'committed', value: string() })).toThrow(
      /needs a groupId/,
    );
    expect(() => logSource({ topics: 't', startingOffsets: 'newest' as never, value: string() })).toThrow(
      /startingOffsets is "newest"/,
    );
    expect(() => logSource({ topics: 't', startingOffsets: { timestampMs: -1 }, value: string() })).toThrow(
      /timestampMs -1/,
    );
    expect(() => logSource({ topics: 't', bounded: 'soon' as never, value: string() })).toThrow(
      /bounded is "soon"/,
    );
    expect(() => logSource({ topics: 't', isolation: 'none' as never, value: string() })).toThrow(
      /isolation is "none"/,
    );
    const twice = { topic: 't', partition: 0 };
    expect(() => logSource({ partitions: [twice, twice], value: string() })).toThrow(/t-0 twice/);
    // @ts-expect-error both are given.
    expect(() => logSource({ topics: 't', partitions: [twice], value: string() })).toThrow(/exclude/);
    // @ts-expect-error nothing to decode with.
    expect(() => logSource({ topics: 't' })).toThrow(/value takes a codec/);
  });

  it('tells all that is wrong with its options in one message', () => {
    const options = {
      topics: [],
      startingOffsets: 'newest',
      bounded: null,
      groupId: '',
      isolation: 'none',
      partitionDiscoveryInterval: -1,
      onOffsetOutOfRange: 'reset',
      idleTimeout: 'soon',
      onUndecodable: {},
      offset: 3,
      properties: { 'fetch.min.bytes': 0, 'auto.offset.reset': 'first', 'linger.ms': 1 },
    };
    const error = caught(() => logSource(options as never)) as Error;
    expect(error).toBeInstanceOf(MillraceError);
    const [title, ...mistakes] = error.message.split('\n- ');
    expect(title).toBe('The options of a kafkaSource are wrong:');
    expect(mistakes).toEqual([
      expect.stringMatching(/there is no setting kafkaSource\.offset/),
      expect.stringMatching(/topics names no topic/),
      expect.stringMatching(/value takes a codec/),
      expect.stringMatching(/groupId is ""/),
      expect.stringMatching(/onOffsetOutOfRange is "reset": give one of 'fail', 'earliest', 'latest'/),
      expect.stringMatching(/auto\.offset\.reset \(kafkaSource\) is "first": give earliest, latest, none/),
      expect.stringMatching(/startingOffsets is "newest"/),
      expect.stringMatching(/bounded is null/),
      expect.stringMatching(/partitionDiscoveryInterval is -1/),
      expect.stringMatching(/idleTimeout is "soon"/),
      expect.stringMatching(/onUndecodable is \{\}/),
      expect.stringMatching(/fetch\.min\.bytes \(kafkaSource\) is "0": give a whole number from 1/),
      expect.stringMatching(/isolation is "none"/),
      expect.stringMatching(/linger\.ms \(kafkaSource\) is a setting of the other kind/),
    ]);
  });

  it.each([
    ['topics', { topics: 7 }, /topics names no topic/],
    ['names', { topics: ['a', 7] }, /topics names no topic/],
    ['partitions', { topics: undefined, partitions: 't-0' }, /partitions is empty/],
    ['a partition', { topics: undefined, partitions: [null] }, /partitions holds null/],
    [
      'starting offsets',
      { startingOffsets: { offsets: 't-0' } },
      /startingOffsets has offsets that are no list/,
    ],
    ['an offset', { bounded: { offsets: [null] } }, /bounded holds the offset null/],
    ['no starting offsets', { startingOffsets: null }, /startingOffsets is null/],
  ])('understands as a mistake what JavaScript may give for %s', (_, options, message) => {
    expect(() => logSource({ topics: 't', value: string(), ...options } as never)).toThrow(message);
  });

  it('describes itself alike however its topics are listed', () => {
    const one = logSource({ topics: ['b', 'a', 'b'], value: string() });
    expect(one.description).toBe(logSource({ topics: ['a', 'b'], value: string() }).description);
    expect(one.description).not.toBe(logSource({ topics: ['a', 'c'], value: string() }).description);
  });
});

describe('finding splits while the job runs', () => {
  const grown = new ScriptedLog([
    ...twoPartitions,
    { topic: 't', partition: 2, batches: [{ baseOffset: 3, values: ['c3'] }], endOffset: 4 },
  ]);

  it('gives those that are not known, from the earliest offset whatever the source starts with', async () => {
    const source = logSource({ topics: 't', value: string(), startingOffsets: 'latest' });
    expect(source.discoveryIntervalMs).toBe(300_000);
    expect(await source.discoverNewSplits?.({ log: grown.open }, new Set([id(0), id(1)]))).toEqual([
      { splitId: id(2), index: 2, state: { topic: 't', partition: 2, position: 3, stopPosition: null } },
    ]);
    expect(await source.discoverNewSplits?.({ log: grown.open }, new Set([id(0), id(1), id(2)]))).toEqual([]);
  });

  it('fails the job where a known one is gone', async () => {
    const source = logSource({ topics: 't', value: string() });
    const known = new Set([0, 1, 2].map(id));
    await expect(
      source.discoverNewSplits?.({ log: new ScriptedLog(twoPartitions).open }, known),
    ).rejects.toMatchObject({
      action: 'fail-job',
      message: expect.stringMatching(
        /Topic t has 2 partitions now; partition 2, which the job reads, is gone/,
      ),
    });
  });

  it('is done as often as the source says, and never for one that is bounded or has its partitions by hand', () => {
    const intervalOf = (options: object): number | undefined =>
      logSource({ topics: 't', value: string(), ...options }).discoveryIntervalMs;
    expect(intervalOf({ partitionDiscoveryInterval: '10s' })).toBe(10_000);
    expect(intervalOf({ partitionDiscoveryInterval: 0 })).toBeUndefined();
    expect(intervalOf({ bounded: 'latest' })).toBeUndefined();
    expect(intervalOf({ topics: undefined, partitions: [{ topic: 't', partition: 0 }] })).toBeUndefined();
  });
});

describe('reading a log source', () => {
  const bounded = logSource({ topics: 't', value: string(), bounded: 'latest' });

  it('emits every record with its own time, and waits for what is not there yet', async () => {
    const { output, reader } = await readAll(bounded, new ScriptedLog(twoPartitions));
    expect(reader.emitNext(100)).toBe('nothing-available');
    expect(output.values).toEqual(['a0', 'a1', 'a2', 'b10', 'b11', 'a5', 'a6']);
    expect(output.emitted[0]).toMatchObject({ value: 'a0', timestamp: 1_000, splitId: id(0) });
  });

  it('ends when every split stands at its stop position, past what is not shown', async () => {
    const script = [{ ...twoPartitions[0]!, endOffset: 7 }, twoPartitions[1]!];
    const { output, reader } = await readAll(bounded, new ScriptedLog(script));
    expect(reader.emitNext(100)).toBe('end-of-input');
    expect(output.finished).toEqual([id(1), id(0)]);
    expect(positions(reader)).toEqual([7, 12]);
    expect(reader.pendingRecords()).toBe(0);
    expect(reader.isCaughtUp(id(0))).toBe(false);
  });

  it('has in its snapshot the next offset to emit, not what was fetched', async () => {
    const { output, reader } = await readAll(bounded, new ScriptedLog(twoPartitions));
    expect(reader.emitNext(2)).toBe('more-available');
    expect(output.values).toEqual(['a0', 'a1']);
    expect(positions(reader)).toEqual([2, 10]);
    reader.emitNext(1);
    expect(positions(reader)).toEqual([3, 10]);
  });

  it('takes of the split that is behind in event time first', async () => {
    const batchesOf = (name: string) => [0, 1, 2].map((n) => ({ baseOffset: n, values: [`${name}${n}`] }));
    const script = ['a', 'b'].map((name, partition) => {
      return { topic: 't', partition, batches: batchesOf(name), endOffset: 3 };
    });
    const { output, reader } = await readAll(bounded, new ScriptedLog(script), undefined, [2_000, 1_000]);
    reader.emitNext(100);
    expect(output.values).toEqual(['b0', 'a0', 'b1', 'b2', 'a1', 'a2']);
  });

  it('reads splits that are added while it reads', async () => {
    const log = new ScriptedLog(twoPartitions);
    const [first, second] = await bounded.discoverSplits({ log: log.open });
    const { output, reader } = await readAll(bounded, log, [first!]);
    reader.emitNext(1);
    reader.addSplits([second!]);
    reader.emitNext(100);
    expect(output.values).toEqual(['a0', 'a1', 'a2', 'b10', 'b11', 'a5', 'a6']);
  });

  it('stops in the middle of a batch when the output fills, and goes on there', async () => {
    const { output, reader } = await readAll(bounded, new ScriptedLog(twoPartitions));
    output.recordsUntilBlocked = 2;
    expect(reader.emitNext(100)).toBe('more-available');
    expect(reader.emitNext(100)).toBe('more-available');
    expect(output.values).toEqual(['a0', 'a1']);
    output.availability.unblock();
    reader.emitNext(100);
    expect(output.values).toEqual(['a0', 'a1', 'a2', 'b10', 'b11', 'a5', 'a6']);
  });

  it('emits each record exactly once over any suspensions and restores', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean())), async (steps) => {
        const log = new ScriptedLog([{ ...twoPartitions[0]!, endOffset: 7 }, twoPartitions[1]!]);
        const all: string[] = [];
        let { output, reader } = await readAll(bounded, log);
        for (const [records, restores] of [...steps, [100, false] as const]) {
          output.recordsUntilBlocked = records;
          reader.emitNext(100);
          if (!output.availability.isAvailable) output.availability.unblock();
          if (!restores) continue;
          all.push(...output.values);
          ({ output, reader } = await readAll(bounded, log, reader.snapshotSplits()));
        }
        all.push(...output.values);
        expect(all.filter((value) => value.startsWith('a'))).toEqual(['a0', 'a1', 'a2', 'a5', 'a6']);
        expect(all.filter((value) => value.startsWith('b'))).toEqual(['b10', 'b11']);
        expect(reader.emitNext(1)).toBe('end-of-input');
      }),
    );
  });

  it('releases every batch once it is used up, and those not used up when closed', async () => {
    const log = new ScriptedLog(twoPartitions);
    const { reader } = await readAll(bounded, log);
    reader.emitNext(4);
    expect(log.readers[0]).toMatchObject({ polledBatches: 3, releasedBatches: 1 });
    await reader.close();
    expect(log.readers[0]).toMatchObject({ releasedBatches: 3, isClosed: true });
  });

  it('ends at once where nothing is left or assigned, if bounded; else waits', async () => {
    const ended = await readAll(bounded, new ScriptedLog(twoPartitions), []);
    expect(ended.reader.emitNext(1)).toBe('end-of-input');
    const continuous = await readAll(
      logSource({ topics: 't', value: string() }),
      new ScriptedLog(twoPartitions),
      [],
    );
    expect(continuous.reader.emitNext(1)).toBe('nothing-available');
    const done = {
      splitId: id(0),
      index: 0,
      state: { topic: 't', partition: 0, position: 8, stopPosition: 8 },
    };
    const restored = await readAll(bounded, new ScriptedLog(twoPartitions), [done]);
    expect(restored.output.finished).toEqual([id(0)]);
    expect(restored.reader.emitNext(1)).toBe('end-of-input');
    expect(restored.output.wakeUps).toBeGreaterThan(0);
  });

  it('knows how much is pending and which splits are caught up', async () => {
    const source = logSource({ topics: 't', value: string() });
    const { reader } = await readAll(source, new ScriptedLog(twoPartitions));
    expect(reader.pendingRecords()).toBe(10);
    expect(reader.isCaughtUp(id(1))).toBe(false);
    reader.emitNext(100);
    expect(reader.pendingRecords()).toBe(1);
    expect(reader.partitionMetrics?.().map(({ recordsLag }) => recordsLag)).toEqual([1, 0]);
    expect([reader.isCaughtUp(id(0)), reader.isCaughtUp(id(1))]).toEqual([false, true]);
  });

  it('gives keys beside values where it has a codec for them', async () => {
    const script = [
      {
        topic: 't',
        partition: 0,
        batches: [{ baseOffset: 0, values: ['1', '2'], keys: ['k', null] }],
        endOffset: 2,
      },
    ];
    const source = logSource({
      topics: 't',
      key: nullable(string()),
      value: json<number>(),
      bounded: 'latest',
    });
    expectTypeOf(source).toEqualTypeOf<Source<KeyedRecord<string | null, number>>>();
    const { output, reader } = await readAll(source, new ScriptedLog(script));
    reader.emitNext(10);
    expect(output.values).toEqual([
      { key: 'k', value: 1 },
      { key: null, value: 2 },
    ]);
  });

  it('shows a deserializer each record whole', async () => {
    const script = [
      {
        topic: 't',
        partition: 0,
        batches: [{ baseOffset: 7, values: ['1', null], keys: ['k', null] }],
        endOffset: 9,
      },
    ];
    const source = logSource({
      topics: 't',
      bounded: 'latest',
      deserializer: {
        deserialize: (record) => ({
          place: `${record.topic}/${record.partition}/${record.offset}`,
          at: record.timestamp,
          key: record.key === null ? null : record.decodeKey(string()),
          value: record.value,
          headers: record.headers.length,
        }),
      },
    });
    const { output, reader } = await readAll(source, new ScriptedLog(script));
    reader.emitNext(10);
    expect(output.values).toEqual([
      { place: 't/0/7', at: 1_007, key: 'k', value: new Uint8Array([0x31]), headers: 0 },
      { place: 't/0/8', at: 1_008, key: null, value: null, headers: 0 },
    ]);
  });

  it('turns an error of the log into a failure of the attempt that says which source', async () => {
    const log = new ScriptedLog(twoPartitions);
    const { output } = await readAll(bounded, log);
    log.readers[0]!.options.onError(new LogError('offset-out-of-range', 'Offset 3 of t-0 is gone.'));
    expect(output.failures[0]).toMatchObject({ action: 'fail-job', domain: 'outside-system' });
    expect(String(output.failures[0])).toMatch(
      /source "events" \(subtask 0\) failed: Offset 3 of t-0 is gone/,
    );
  });

  it('tells of a position that was not in the log, seldom enough, and counts all of them', async () => {
    const log = new ScriptedLog(twoPartitions);
    const source = logSource({ topics: 't', value: string(), onOffsetOutOfRange: 'earliest' });
    const { output, reader } = await readAll(source, log);
    const { options } = log.readers[0]!;
    expect(options.onOffsetOutOfRange).toBe('earliest');
    options.onReset?.({ topic: 't', partition: 1, from: 3, to: 10 });
    options.onReset?.({ topic: 't', partition: 1, from: 10, to: 12 });
    options.onReset?.({ topic: 't', partition: 0, from: 99, to: 0 });
    expect(output.warnings).toEqual([
      expect.stringMatching(
        /Source "events" \(subtask 0\), onOffsetOutOfRange 'earliest': Topic t, partition 1: position 3 .*goes on at 10\. .*not read/,
      ),
      expect.stringMatching(/partition 0: position 99 .*goes on at 0\. .*whether or not it was read before/),
    ]);
    expect(reader.partitionMetrics?.().map(({ offsetResets }) => offsetResets)).toEqual([1, 2]);
  });

  it('fails the attempt when the log cannot be reached', async () => {
    const output = new CollectingSourceOutput<string>();
    const reader = bounded.createReader(
      output.context(clock, async () => {
        throw new LogError('unreachable', 'No broker answers at h:1.');
      }),
    );
    reader.addSplits(await bounded.discoverSplits({ log: new ScriptedLog(twoPartitions).open }));
    await settled();
    expect(output.failures[0]).toMatchObject({ action: 'restart' });
    await reader.close();
  });

  it("refuses another kind of source's checkpoint", async () => {
    const split = { splitId: id(0), index: 0, state: { position: 3 } };
    await expect(readAll(bounded, new ScriptedLog(twoPartitions), [split])).rejects.toThrow(
      /give the new source a uid/,
    );
  });
});

describe('a record that can not be decoded', () => {
  const script = (value: string | Uint8Array | null): ScriptedPartition[] => [
    { topic: 't', partition: 0, batches: [{ baseOffset: 40, values: ['1', value, '3'] }], endOffset: 43 },
  ];
  const failing = logSource({ topics: 't', value: json<number>(), bounded: 'latest' });

  it('fails the job, naming where it is and what it begins with', async () => {
    const { reader } = await readAll(failing, new ScriptedLog(script('{"broken": ')));
    const error = caught(() => reader.emitNext(100));
    expect(error).toBeInstanceOf(MillraceError);
    expect(error).toMatchObject({ action: 'fail-job' });
    expect(String(error)).toMatch(
      /"events" can't decode the record at split t-0, position 41: .*begins with "\{\\"broken\\": "/,
    );
    const bytes = Buffer.from('{"broken": ');
    const origin = { split: 'split t-0, position', position: 41 };
    const byReceiver = caught(() =>
      failing.encodedRecords
        ?.decoder('events')
        .decode({ bytes, valueStart: 0, valueEnd: bytes.length }, origin),
    );
    expect(byReceiver).toEqual(error);
  });

  it.each([
    [new Uint8Array([0xff, 0x00]), /begins with the bytes ff00/],
    ['x'.repeat(5_000), /"x{60}" …/],
    ['', /it is empty/],
    [null, /it is null/],
  ])('shows the first bytes of %j, whatever they are', async (value, shown) => {
    const { reader } = await readAll(failing, new ScriptedLog(script(value)));
    expect(String(caught(() => reader.emitNext(100)))).toMatch(shown);
  });

  it('is left out and counted where the source is told so', async () => {
    const source = logSource({
      topics: 't',
      value: json<number>(),
      bounded: 'latest',
      onUndecodable: 'skip',
    });
    const { output, reader } = await readAll(source, new ScriptedLog(script('{')));
    expect(reader.emitNext(2)).toBe('more-available');
    expect(positions(reader)).toEqual([42]);
    expect(reader.emitNext(100)).toBe('end-of-input');
    expect(output.values).toEqual([1, 3]);
    expect(reader.recordsSkipped).toBe(1);
  });

  it('is put aside as it is where the source has a topic for it, one at a time', async () => {
    const deadLetters = { deadLetter: 'unreadable', deliveryGuarantee: 'at-least-once' } as const;
    const source = logSource({
      topics: 't',
      value: json<number>(),
      bounded: 'latest',
      onUndecodable: deadLetters,
    });
    expect(source.deadLetters).toEqual(deadLetters);
    const { output, reader } = await readAll(source, new ScriptedLog(script('{')));
    output.recordsUntilBlocked = 2;
    expect(reader.emitNext(100)).toBe('more-available');
    expect(positions(reader)).toEqual([42]);
    expect(output.aside).toEqual([
      {
        tag: 'dead-letters',
        value: {
          topic: 't',
          partition: 0,
          offset: 41,
          timestamp: 1_041,
          key: null,
          value: new Uint8Array([0x7b]),
          headers: [],
          reason: expect.stringContaining('JSON'),
          source: 'events',
        },
      },
    ]);
    output.availability.unblock();
    expect(reader.emitNext(100)).toBe('end-of-input');
    expect(output.values).toEqual([1, 3]);
  });

  it('has a policy that exists', () => {
    expect(() => logSource({ topics: 't', value: string(), onUndecodable: 'drop' as never })).toThrow(
      /onUndecodable is "drop"/,
    );
  });
});

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}
