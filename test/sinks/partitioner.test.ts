import { describe, expect, it } from 'vitest';
import { string } from '../../src/codecs/string.js';
import { loadAwarePartitioner } from '../../src/examples/load-aware-partitioner.js';
import { timePartitioner } from '../../src/examples/time-partitioner.js';
import { partitionForKey } from '../../src/log/default-partitioner.js';
import { InMemoryLogClient } from '../../src/log/in-memory/in-memory-log-client.js';
import { InMemoryLogCluster } from '../../src/log/in-memory/in-memory-log-cluster.js';
import { LogError } from '../../src/log/log-port.js';
import { logSink } from '../../src/sinks/log-sink.js';
import {
  ElementPartitioner,
  fixedPartitioner,
  keyHashPartitioner,
  type Partitioner,
  roundRobinPartitioner,
} from '../../src/sinks/partitioner.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { SinkContextOfTest } from './sink-context.js';

const five = [0, 1, 2, 3, 4];
const keys = Array.from({ length: 1_000 }, (_, i) => `user_${i}`);

function choices<T>(
  partitioner: Partitioner<T>,
  elements: readonly T[],
  keyOf: (element: T) => string | null = () => null,
  partitions: readonly number[] = five,
): number[] {
  return elements.map((element) => {
    const key = keyOf(element);
    return partitioner.partition(element, key === null ? null : Buffer.from(key), null, 't', partitions);
  });
}

function counts(chosen: readonly number[]): number[] {
  return five.map((partition) => chosen.filter((each) => each === partition).length);
}

/** Writes elements through a sink into a topic of five partitions of the in-memory log. */
async function written(options: Partial<Parameters<typeof logSink<string>>[0]>, elements: readonly string[]) {
  const random = new SimulatedRandom(7);
  const clock = new SimulatedClock(random);
  const cluster = new InMemoryLogCluster({ clock, random });
  cluster.createTopic('out', 5);
  const client = new InMemoryLogClient(cluster);
  const surroundings = new SinkContextOfTest(clock);
  const sink = logSink<string>({ topic: 'out', value: string(), ...options } as never);
  const writer = sink.createWriter(
    surroundings.context({ log: async () => client, subtask: 2, parallelism: 3 }),
  );
  for (const element of elements) writer.write(element, 0);
  await clock.advance(5_000);
  return { records: cluster.committedRecords('out'), failures: surroundings.failures };
}

describe('The distribution of 1,000 keys over 5 partitions', () => {
  const isEven = (chosen: readonly number[]): void => {
    for (const count of counts(chosen)) {
      expect(count).toBeGreaterThanOrEqual(150);
      expect(count).toBeLessThanOrEqual(250);
    }
  };

  it("is even with the log's own choice", async () => {
    const { records } = await written({ key: (element: string) => element }, keys);
    expect(records).toHaveLength(1_000);
    isEven(records.map((record) => record.partition));
  });

  it('is even by key hash, and the same as the default', () => {
    const chosen = choices(keyHashPartitioner<string>(), keys, (key) => key);
    isEven(chosen);
    expect(chosen).toEqual(keys.map((key) => partitionForKey(Buffer.from(key), 5)));
  });

  it('is even in turns', () => {
    expect(counts(choices(roundRobinPartitioner<string>(), keys))).toEqual([200, 200, 200, 200, 200]);
  });

  it('is even by load, whatever the sizes', async () => {
    const elements = keys.map((_, i) => 'x'.repeat((i * 7919) % 400));
    const { records } = await written({ partitioner: loadAwarePartitioner<string>() }, elements);
    const bytes = five.map((partition) =>
      records
        .filter((record) => record.partition === partition)
        .reduce((sum, record) => sum + (record.value?.length ?? 0), 0),
    );
    expect(Math.max(...bytes) / Math.min(...bytes)).toBeLessThan(1.1);
  });
});

describe('A partitioner', () => {
  it('that is fixed writes to the partition of its subtask', async () => {
    const { records } = await written({ partitioner: fixedPartitioner<string>() }, ['a', 'b', 'c']);
    expect(records.map((record) => record.partition)).toEqual([2, 2, 2]);
    const seventh = fixedPartitioner<string>();
    seventh.open?.(7, 8);
    expect(choices(seventh, ['a'])).toEqual([2]);
  });

  it('in turns begins with its subtask and takes turns for each topic', () => {
    const partitioner = roundRobinPartitioner<string>();
    partitioner.open?.(3, 4);
    expect(choices(partitioner, ['a', 'b', 'c'])).toEqual([3, 4, 0]);
    expect(partitioner.partition('a', null, null, 'other', five)).toBe(3);
  });

  it('by time keeps an hour together', () => {
    const hourMs = 3_600_000;
    const partitioner = timePartitioner<number>((at) => at, hourMs);
    expect(choices(partitioner, [0, hourMs - 1, hourMs, 6 * hourMs])).toEqual([0, 0, 1, 1]);
  });

  it('is not asked where the record names its partition', async () => {
    const { records } = await written(
      {
        partition: (element: string) => (element === 'a' ? 4 : undefined),
        partitioner: fixedPartitioner<string>(),
      },
      ['a', 'b'],
    );
    expect(records.map((record) => [String(record.value), record.partition])).toEqual([
      ['b', 2],
      ['a', 4],
    ]);
  });

  it.each([
    [5, 'answered 5, but the partitions are 0 to 4'],
    [-1, 'answered -1, '],
    [Number.NaN, 'answered NaN, '],
    [undefined as never, 'answered undefined, '],
  ])('that answers %s fails the job with an error that names it', async (answer, message) => {
    const partitioner: Partitioner<string> = { name: 'odd', partition: () => answer };
    const { failures, records } = await written({ partitioner }, ['a']);
    expect(records).toEqual([]);
    expect(failures[0]).toMatchObject({ action: 'fail-job' });
    expect(String(failures[0])).toContain('The partitioner "odd" of sink "out"');
    expect(String(failures[0])).toContain(message);
  });

  it('that throws, or finds no partition, is named', () => {
    const record = { topic: 't', partition: undefined, key: null, value: null, timestamp: 0, element: 'a' };
    const hash = new ElementPartitioner(keyHashPartitioner<string>(), 'out', 0, 1);
    expect(() => hash.partitionFor(record, 3)).toThrow(
      /"key-hash" of sink "out" failed: the record has no key/,
    );
    expect(() => hash.partitionFor(record, 0)).toThrow(LogError);
    expect(() => hash.partitionFor(record, 0)).toThrow(/has no partition to choose from/);
  });
});
