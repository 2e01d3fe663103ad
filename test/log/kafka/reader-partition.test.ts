import { expect, it } from 'vitest';
import { ReaderPartition } from '../../../src/log/kafka/reader/reader-partition.js';

it('A partition is fetched unless it is being fetched, in doubt, finished, or resting after a failure', () => {
  const partition = new ReaderPartition('clicks', 3, 10, 20);
  expect(partition.mayFetch(0)).toBe(true);
  partition.isFetching = true;
  expect(partition.mayFetch(0)).toBe(false);
  partition.isFetching = false;
  partition.isPositionInDoubt = true;
  expect(partition.mayFetch(0)).toBe(false);
  partition.isPositionInDoubt = false;
  partition.failed(0, 100);
  expect(partition.mayFetch(99)).toBe(false);
  expect(partition.mayFetch(100)).toBe(true);
  partition.goOnAt(20);
  expect(partition.mayFetch(100)).toBe(false);
});
