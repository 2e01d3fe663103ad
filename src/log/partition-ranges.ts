import type { LogBatch, LogClient, TopicPartition } from './log-port.js';

export interface PartitionRange extends TopicPartition {
  /** The first offset to read. */
  readonly from: number;
  /** The offset to stop before. */
  readonly to: number;
}

/** From `from` (earliest where it is undefined) to the current end, for every partition of a topic. */
export async function rangesOfTopic(
  log: LogClient,
  topic: string,
  from?: readonly number[],
): Promise<PartitionRange[]> {
  const description = (await log.describeTopics([topic]))[0]!;
  const partitions = description.partitions.map((partition): TopicPartition => ({ topic, partition }));
  const starts =
    from ?? (await log.resolveOffsets(partitions.map((of) => ({ ...of, spec: { kind: 'earliest' } }))));
  const ends = await log.resolveOffsets(partitions.map((of) => ({ ...of, spec: { kind: 'end' } })));
  return partitions.map((of, i) => ({ ...of, from: starts[i] ?? 0, to: ends[i]! }));
}

/**
 * Reads ranges of partitions from beginning to end. `onRecord` is called for each record, in the order of
 * its partition, with the batch standing on it; the batch's bytes are valid only during the call.
 */
export async function readRanges(
  log: LogClient,
  ranges: readonly PartitionRange[],
  onRecord: (batch: LogBatch) => void,
): Promise<void> {
  const unfinished = new Map<string, PartitionRange>();
  for (const range of ranges) if (range.from < range.to) unfinished.set(nameOf(range), range);
  if (unfinished.size === 0) return;

  let wake: () => void = () => undefined;
  let failure: Error | undefined;
  const reader = log.openReader({
    prefetchBytes,
    onAvailable: () => wake(),
    onError: (error) => {
      failure = error;
      wake();
    },
  });
  try {
    for (const range of unfinished.values()) reader.addPartition(range, range.from, range.to);
    while (unfinished.size > 0) {
      const available = new Promise<void>((resolve) => {
        wake = resolve;
      });
      for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
        consume(batch, unfinished, onRecord);
      }
      if (failure !== undefined) throw failure;
      if (unfinished.size > 0) await available;
    }
  } finally {
    await reader.close();
  }
}

function consume(
  batch: LogBatch,
  unfinished: Map<string, PartitionRange>,
  onRecord: (batch: LogBatch) => void,
): void {
  const range = unfinished.get(nameOf(batch));
  while (batch.next()) if (range !== undefined && batch.offset < range.to) onRecord(batch);
  if (range !== undefined && batch.positionAfter >= range.to) unfinished.delete(nameOf(batch));
  batch.release();
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** Enough for a few fetches ahead of a reader that only parses. */
const prefetchBytes = 8 * 1024 * 1024;
