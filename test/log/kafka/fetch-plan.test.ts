import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FetchCandidate,
  partitionFetchBytes,
  planFetch,
} from '../../../src/log/kafka/reader/fetch-plan.js';

const megabyte = 1024 * 1024;
const budget = {
  prefetchBytes: 8 * megabyte,
  bytesInUse: 0,
  partitionCount: 4,
  partitionFetchBytes: megabyte,
  fetchMaxBytes: 50 * megabyte,
};
const candidate = (fields: Partial<FetchCandidate> = {}): FetchCandidate => ({
  bufferedBytes: 0,
  isBehind: true,
  ...fields,
});

describe('the plan of a fetch', () => {
  it('keeps partitions that are behind apart from those that have caught up', () => {
    const behind = candidate();
    const caughtUp = candidate({ isBehind: false });
    expect(planFetch([behind, caughtUp], 'behind', budget)).toEqual([behind]);
    expect(planFetch([behind, caughtUp], 'caught-up', budget)).toEqual([caughtUp]);
  });

  it('gives no partition more than its share, so that one nobody reads leaves room for the others', () => {
    const full = candidate({ bufferedBytes: 2 * megabyte });
    const empty = candidate();
    expect(planFetch([full, empty], 'behind', { ...budget, bytesInUse: 2 * megabyte })).toEqual([empty]);
  });

  it('fetches one partition of which nothing is buffered even where there is no room for a batch', () => {
    const [first, second] = [candidate(), candidate()];
    expect(planFetch([first, second], 'behind', { ...budget, prefetchBytes: 1 })).toEqual([first]);
    const inUse = { ...budget, bytesInUse: 20 * megabyte };
    const waiting = candidate({ bufferedBytes: 1 });
    expect(planFetch([waiting, first, second], 'behind', inUse)).toEqual([first]);
  });

  it('never plans beyond the budget, except for that one partition', () => {
    const partition = fc.record({
      bufferedBytes: fc.nat(4 * megabyte),
      isBehind: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(partition, { minLength: 1, maxLength: 12 }),
        fc.nat(64 * megabyte),
        fc.nat(64 * megabyte),
        fc.integer({ min: 1, max: 4 * megabyte }),
        (partitions, prefetchBytes, bytesInUse, fetchMaxBytes) => {
          const partitionCount = partitions.length;
          const limits = { ...budget, prefetchBytes, bytesInUse, partitionCount, fetchMaxBytes };
          const planned = planFetch(partitions, 'behind', limits);
          const plannedBytes = planned.length * partitionFetchBytes(limits);
          expect(plannedBytes).toBeLessThanOrEqual(fetchMaxBytes);
          const isThatOne = planned.length === 1 && planned[0]?.bufferedBytes === 0;
          expect(isThatOne || plannedBytes === 0 || bytesInUse + plannedBytes <= prefetchBytes).toBe(true);
        },
      ),
    );
  });
});
