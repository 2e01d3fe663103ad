import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogClient } from '../../src/log/log-port.js';
import { collectionSource } from '../../src/sources/collection-source.js';
import { sequenceSource } from '../../src/sources/sequence-source.js';
import type { Source, SourceSplit } from '../../src/sources/source.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { CollectingSourceOutput } from './collecting-source-output.js';

const noLog = async (): Promise<LogClient> => {
  throw new Error('This source needs no log.');
};

function open<T>(
  source: Source<T>,
  splits: readonly SourceSplit[],
  clock = new SimulatedClock(new SimulatedRandom(1)),
) {
  const output = new CollectingSourceOutput<T>();
  const reader = source.createReader(output.context(clock, noLog));
  reader.addSplits(splits);
  return { output, reader, clock };
}

describe('an element of a sequence', () => {
  it('is named by its split and its place there', async () => {
    const source = sequenceSource(5, 8, { splits: 2 });
    const splits = await source.discoverSplits({ log: noLog });
    const { output, reader } = open(source, splits);
    reader.emitNext(1_000);
    expect(splits.map((split) => source.describePlace(split))).toEqual([
      'sequence-source, split 0, element',
      'sequence-source, split 1, element',
    ]);
    expect(output.emitted.map(({ splitId, position }) => `${splitId} ${position}`)).toEqual([
      'split-0 0',
      'split-1 0',
      'split-0 1',
      'split-1 1',
    ]);
  });
});

describe('a sequence', () => {
  it('is emitted in order by one subtask, and ends', async () => {
    const source = sequenceSource(5, 25);
    const { output, reader } = open(source, await source.discoverSplits({ log: noLog }));
    expect(reader.pendingRecords()).toBe(21);
    expect(reader.emitNext(1_000)).toBe('end-of-input');
    expect(output.values).toEqual(Array.from({ length: 21 }, (_, i) => 5 + i));
    expect(output.finished).toHaveLength(8);
    expect(reader.pendingRecords()).toBe(0);
  });

  it('is emitted once, each subtask in ascending order, over any parallelism, suspensions and restores', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -20, max: 20 }),
        fc.nat(60),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 7 }), fc.boolean()), { maxLength: 8 }),
        async (start, length, splitCount, parallelism, steps) => {
          const source = sequenceSource(start, start + length - 1, { splits: splitCount });
          const splits = await source.discoverSplits({ log: noLog });
          const all: number[] = [];
          for (let subtask = 0; subtask < parallelism; subtask++) {
            const emitted: number[] = [];
            let { output, reader } = open(
              source,
              splits.filter((split) => split.index % parallelism === subtask),
            );
            for (const [records, restores] of [...steps, [1_000, false] as const]) {
              output.recordsUntilBlocked = records;
              reader.emitNext(500);
              if (!output.availability.isAvailable) output.availability.unblock();
              if (!restores) continue;
              emitted.push(...output.values);
              // Splits come back in any order.
              ({ output, reader } = open(source, [...reader.snapshotSplits()].reverse()));
            }
            expect(reader.emitNext(1)).toBe('end-of-input');
            emitted.push(...output.values);
            expect(emitted).toEqual([...emitted].sort((x, y) => x - y));
            all.push(...emitted);
          }
          expect(all.sort((x, y) => x - y)).toEqual(Array.from({ length }, (_, i) => start + i));
        },
      ),
    );
  });

  it('keeps to its rate over all subtasks together, and wakes its task by itself', async () => {
    const source = sequenceSource(1, 1_000_000, { splits: 4, ratePerSecond: 100 });
    const splits = await source.discoverSplits({ log: noLog });
    const clock = new SimulatedClock(new SimulatedRandom(1));
    const half = open(source, splits.slice(0, 2), clock);
    expect(half.reader.emitNext(1_000)).toBe('nothing-available');
    expect(half.output.values).toEqual([]);
    let seen = half.output.wakeUps;
    await clock.advance(10_000);
    expect(half.output.wakeUps).toBe(seen + 1);
    for (let i = 0; i < 100; i++) {
      half.reader.emitNext(1_000);
      seen = half.output.wakeUps;
      await clock.advance(100);
      expect(half.output.wakeUps).toBeGreaterThan(seen);
    }
    half.reader.emitNext(1_000);
    // 50 per second for 10 s; of the idle 10 s before, one second's worth is made up for.
    expect(half.output.values).toHaveLength(550);
    await half.reader.close();
  });

  it('refuses wrong options', () => {
    expect(() => sequenceSource(0.5, 3)).toThrow(/sequence's start is 0.5/);
    expect(() => sequenceSource(0, 3, { splits: 0 })).toThrow(/at least 1/);
    expect(() => sequenceSource(0, 3, { ratePerSecond: 0 })).toThrow(/ratePerSecond is 0/);
  });
});

describe('a collection', () => {
  it('is emitted in order from one split, and goes on where its checkpoint stood', async () => {
    const elements = ['a', 'b', 'c'];
    const source = collectionSource(elements);
    elements.push('not part of it');
    const splits = await source.discoverSplits({ log: noLog });
    expect(splits).toHaveLength(1);
    const first = open(source, splits);
    expect(first.reader.emitNext(2)).toBe('more-available');
    const second = open(source, first.reader.snapshotSplits());
    expect(second.reader.emitNext(10)).toBe('end-of-input');
    expect([first.output.values, second.output.values]).toEqual([['a', 'b'], ['c']]);
  });

  it('may be empty', async () => {
    const source = collectionSource([]);
    const { output, reader } = open(source, await source.discoverSplits({ log: noLog }));
    expect(output.finished).toHaveLength(1);
    expect(reader.emitNext(1)).toBe('end-of-input');
  });

  it('says nothing of its end before it has its splits', () => {
    const output = new CollectingSourceOutput<number>();
    const reader = collectionSource([1]).createReader(
      output.context(new SimulatedClock(new SimulatedRandom(1)), noLog),
    );
    expect(reader.emitNext(1)).toBe('nothing-available');
  });
});
