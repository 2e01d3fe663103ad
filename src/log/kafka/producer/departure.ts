import type { PartitionQueue } from './partition-queue.js';
import type { PendingBatch } from './pending-batch.js';

/** A batch that leaves, and where from. */
export interface Departure {
  readonly queue: PartitionQueue;
  readonly batch: PendingBatch;
}

/** Groups of batches small enough for one request each; a batch that is larger goes alone. */
export function withinRequestBytes(
  departures: readonly Departure[],
  requestBytes: number,
): readonly (readonly Departure[])[] {
  const groups: Departure[][] = [];
  let byteLength = Number.POSITIVE_INFINITY;
  for (const departure of departures) {
    if (byteLength + departure.batch.byteLength > requestBytes) {
      groups.push([]);
      byteLength = 0;
    }
    groups.at(-1)?.push(departure);
    byteLength += departure.batch.byteLength;
  }
  return groups;
}
