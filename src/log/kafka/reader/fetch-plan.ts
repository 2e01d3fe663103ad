/** What the plan looks at of a partition that may be fetched now. */
export interface FetchCandidate {
  /** Fetched bytes not yet released. */
  readonly bufferedBytes: number;
  /** There is known, or for a new partition presumed, to be more to read at once. */
  readonly isBehind: boolean;
}

export interface FetchBudget {
  /** Over all partitions of the reader. */
  readonly prefetchBytes: number;
  /** Fetched and not released, and at most to come with the fetches under way. */
  readonly bytesInUse: number;
  readonly partitionCount: number;
  readonly partitionFetchBytes: number;
  /** Of one fetch. */
  readonly fetchMaxBytes: number;
}

/**
 * The two kinds of fetch to a broker, each with a connection of its own: a broker holds the fetch of a
 * partition that has caught up until something comes, and those that are behind must not wait for that.
 */
export type FetchKind = 'behind' | 'caught-up';

/**
 * Which partitions of one broker the next fetch of a kind asks for, in the order given, each for at most
 * `partitionBytes`.
 *
 * No partition prefetches more than its share, so that one whose records nobody takes leaves room for the
 * others. But shares are smaller than batches where partitions are many or batches large, and then the others may
 * hold all of the budget. So one of which nothing is buffered is fetched whatever the budget, one at a time: else a
 * split that the others wait for would wait for what they hold. Held is at most the budget and one fetch of each.
 */
export function planFetch<P extends FetchCandidate>(
  partitions: readonly P[],
  kind: FetchKind,
  budget: FetchBudget,
): readonly P[] {
  const share = budget.prefetchBytes / Math.max(budget.partitionCount, 1);
  const partitionBytes = partitionFetchBytes(budget);
  const partitionsMax = Math.max(1, Math.floor(budget.fetchMaxBytes / partitionBytes));
  let free = budget.prefetchBytes - budget.bytesInUse;
  const planned: P[] = [];
  for (const partition of partitions) {
    if (planned.length === partitionsMax) break;
    if (partition.isBehind !== (kind === 'behind')) continue;
    if (partition.bufferedBytes > 0 && partition.bufferedBytes >= share) continue;
    const mayOverdraw = partition.bufferedBytes === 0 && planned.length === 0;
    if (free < partitionBytes && !mayOverdraw) continue;
    planned.push(partition);
    free -= partitionBytes;
  }
  return planned;
}

/** Half a share, so that one fetch can be under way while the one before is processed. */
export function partitionFetchBytes(budget: Omit<FetchBudget, 'bytesInUse'>): number {
  const halfShare = Math.floor(budget.prefetchBytes / Math.max(budget.partitionCount, 1) / 2);
  const share = Math.max(halfShare, partitionFetchBytesMin);
  return Math.min(budget.partitionFetchBytes, budget.fetchMaxBytes, share);
}

/** Below this the cost of a request outweighs that of its records. */
const partitionFetchBytesMin = 64 * 1024;
