import { describe, expect, it } from 'vitest';
import { LogError, type LogReader, type TopicPartition } from '../../src/log/log-port.js';
import { splitId } from '../../src/protocol/ids.js';
import { MIN_WATERMARK } from '../../src/protocol/stream-elements.js';
import { KnownEnds } from '../../src/sources/known-ends.js';
import { LogSplitReader } from '../../src/sources/log-split-reader.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

/** Partition i has been read to `positions[i]`; its reader has heard that it ends at `heard[i]`, and it ends at `ends[i]`. */
class Situation {
  readonly clock = new SimulatedClock(new SimulatedRandom(1));
  readonly heard: (number | undefined)[];
  readonly asked: string[][] = [];
  readonly failures: unknown[] = [];
  readonly splits: readonly LogSplitReader[];
  readonly known: KnownEnds;
  /** The log's next answer. */
  answer: () => Promise<readonly number[]>;

  constructor(positions: readonly number[], heard: readonly (number | undefined)[], ends: readonly number[]) {
    this.heard = [...heard];
    this.answer = async () => ends;
    this.splits = positions.map((position, partition) => {
      const state = { topic: 't', partition, position, stopPosition: null };
      return new LogSplitReader(state, partition, {
        splitId: splitId(`t-${partition}`),
        place: `t-${partition}`,
        watermark: MIN_WATERMARK,
      });
    });
    const reader = { endOffset: ({ partition }: TopicPartition) => this.heard[partition] };
    this.known = new KnownEnds({
      reader: reader as LogReader,
      splits: new Map(this.splits.map((split) => [split.partition, split])),
      clock: this.clock,
      resolveEnds: (partitions) => {
        this.asked.push(partitions.map(({ topic, partition }) => `${topic}-${partition}`));
        return this.answer();
      },
      fail: (error) => this.failures.push(error),
    });
  }

  get ends(): (number | undefined)[] {
    return this.splits.map((split) => this.known.endOffset(split));
  }

  /** The first look sees what was heard, the second one that it is still the same. */
  async waitTwoLooks(): Promise<void> {
    await this.clock.advance(10_000);
  }
}

describe('The known ends of partitions', () => {
  it('are what the reader has heard', () => {
    expect(new Situation([3, 0], [10, undefined], []).ends).toEqual([10, undefined]);
  });

  it('are asked of the log where a reader that is held up hears nothing new', async () => {
    const held = new Situation([3, 7, 0, 2], [10, 7, undefined, 5], [500, 90]);
    await held.waitTwoLooks();
    // Partition 1 is read to its end, and of partition 2 nothing is known yet: both are being fetched.
    expect(held.asked).toEqual([['t-0', 't-3']]);
    expect(held.ends).toEqual([500, 7, undefined, 90]);
  });

  it('are what the reader hears once it reads on', async () => {
    const held = new Situation([3], [10], [500]);
    await held.waitTwoLooks();
    held.heard[0] = 12;
    expect(held.ends).toEqual([12]);
  });

  it('are not asked for where something new is heard all the time', async () => {
    const reading = new Situation([3], [10], [500]);
    for (let heard = 11; heard < 20; heard++) {
      reading.heard[0] = heard;
      await reading.clock.advance(3_000);
    }
    expect(reading.asked).toEqual([]);
  });

  it('stay as they were while the log does not answer, which ends nothing', async () => {
    const held = new Situation([3], [10], []);
    held.answer = () => Promise.reject(new LogError('unreachable', 'No broker answers.'));
    await held.waitTwoLooks();
    expect(held.ends).toEqual([10]);
    expect(held.failures).toEqual([]);
    held.answer = async () => [77];
    await held.waitTwoLooks();
    expect(held.ends).toEqual([77]);
  });

  it('are not asked for any more once closed', async () => {
    const held = new Situation([3], [10], [500]);
    held.known.close();
    await held.waitTwoLooks();
    expect(held.asked).toEqual([]);
  });
});
