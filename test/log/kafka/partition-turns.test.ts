import { describe, expect, it } from 'vitest';
import { PartitionTurns } from '../../../src/log/kafka/reader/partition-turns.js';
import { ReaderPartition } from '../../../src/log/kafka/reader/reader-partition.js';

/** At position 10, as an answer has left it: what it brought has been taken, or there was nothing. */
function partition(index: number, endOffset: number | undefined, isServed = false): ReaderPartition {
  const made = new ReaderPartition('clicks', index, 10, undefined);
  made.endOffset = endOffset;
  made.isBehind = isServed && made.hasMore;
  return made;
}

function turnsOf(...partitions: readonly ReaderPartition[]): PartitionTurns {
  const turns = new PartitionTurns();
  for (const each of partitions) turns.add(each);
  return turns;
}

describe('A partition for which an answer had no room', () => {
  const served = partition(0, 20, true);
  const squeezedOut = partition(1, 20);
  const caughtUp = partition(2, 10);
  const turns = turnsOf(served, squeezedOut, caughtUp);

  it('is asked for again at once, and one that has caught up is not', () => {
    turns.answered(turns.all, new Set([served]));
    expect(turns.all.map(({ isBehind }) => isBehind)).toEqual([true, true, false]);
  });

  it('goes before all others that were asked for', () => {
    expect(turns.fetchOrder).toEqual([squeezedOut, caughtUp, served]);
  });
});

it('Those that a fetch did not ask for go before those that it did, whether or not these got something', () => {
  const [first, second, third] = [partition(0, 10), partition(1, 10), partition(2, 20, true)];
  const turns = turnsOf(third, second, first);
  turns.answered([first], new Set());
  expect(turns.fetchOrder).toEqual([second, third, first]);
  turns.answered([second, third], new Set([third]));
  expect(turns.fetchOrder).toEqual([first, second, third]);
});

it('A partition that got nothing though there was room waits for a fetch that the broker may hold', () => {
  const first = partition(0, 20);
  const second = partition(1, undefined);
  const turns = turnsOf(first, second);
  turns.answered(turns.all, new Set());
  expect(turns.all.map(({ isBehind }) => isBehind)).toEqual([false, false]);
});

it('A partition that has never been answered stays as it was', () => {
  const served = partition(0, 20, true);
  const failed = new ReaderPartition('clicks', 1, 0, undefined);
  const turns = turnsOf(served, failed);
  turns.answered(turns.all, new Set([served]));
  expect(failed.isBehind).toBe(true);
});
