import { describe, expect, it } from 'vitest';
import type { LogClient } from '../../src/log/log-port.js';
import { dataGenSource } from '../../src/sources/data-gen-source.js';
import type { Source, SourceSplit } from '../../src/sources/source.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { CollectingSourceOutput } from './collecting-source-output.js';

const noLog = async (): Promise<LogClient> => {
  throw new Error('This source needs no log.');
};

function open<T>(source: Source<T>, splits: readonly SourceSplit[]) {
  const output = new CollectingSourceOutput<T>();
  const clock = new SimulatedClock(new SimulatedRandom(1));
  const reader = source.createReader(output.context(clock, noLog));
  reader.addSplits(splits);
  return { output, reader, clock };
}

describe('a data generator', () => {
  it('emits the elements of all numbers below its count, in order from one subtask, then ends', async () => {
    const source = dataGenSource({ generate: (index) => `e${index}`, count: 20, splits: 3 });
    const { output, reader } = open(source, await source.discoverSplits({ log: noLog }));
    expect(source.boundedness).toBe('bounded');
    expect(reader.emitNext(100)).toBe('end-of-input');
    expect(output.values).toEqual(Array.from({ length: 20 }, (_, index) => `e${index}`));
  });

  it('without a count goes on for ever, at its rate', async () => {
    const source = dataGenSource({ generate: (index) => index, ratePerSecond: 10 });
    const { output, reader, clock } = open(source, await source.discoverSplits({ log: noLog }));
    expect(source.boundedness).toBe('continuous');
    expect(reader.pendingRecords()).toBeUndefined();
    for (let i = 0; i < 30; i += 1) {
      expect(reader.emitNext(1_000)).toBe('nothing-available');
      await clock.advance(100);
    }
    expect(output.values).toHaveLength(29);
    await reader.close();
  });

  it('goes on from a checkpoint with the same elements', async () => {
    const source = dataGenSource({ generate: (index) => index, count: 10, splits: 4 });
    const first = open(source, await source.discoverSplits({ log: noLog }));
    first.reader.emitNext(7);
    const second = open(source, first.reader.snapshotSplits());
    second.reader.emitNext(10);
    expect([...first.output.values, ...second.output.values]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('says which element its function could not make', async () => {
    const source = dataGenSource<number>({
      generate: (index) => {
        if (index === 3) throw new Error('no three');
        return index;
      },
      count: 5,
    });
    const { reader } = open(source, await source.discoverSplits({ log: noLog }));
    expect(() => reader.emitNext(10)).toThrow(/threw for element 3/);
  });

  it('refuses wrong options, all in one message', () => {
    expect(() => dataGenSource({ generate: (i) => i, count: -1, splits: 0 })).toThrow(
      /count is -1.*; splits is 0/,
    );
    expect(() => dataGenSource({ generate: (i) => i, ratePerSecond: 0 })).toThrow(/ratePerSecond is 0/);
  });
});
