import { AbortedTransactions } from '../../record-batch/aborted-transactions.js';
import { corruptBatch } from '../../record-batch/corrupt-batch.js';
import { RecordBatchCursor } from '../../record-batch/record-batch-cursor.js';
import type { FetchedPartition } from '../protocol/fetch.js';
import type { ReaderPartition } from './reader-partition.js';

/**
 * The records that a broker answered, from the partition's position on; undefined where no whole batch is among them.
 * Invariant: the batch leads beyond the position. One that did not would be fetched for ever.
 * @throws LogError `corrupt-batch`
 */
export function batchOfAnswer(
  { topic, partition, position, stopPosition, brokenAnswers }: ReaderPartition,
  { records, abortedTransactions }: FetchedPartition,
  onRelease: () => void,
): RecordBatchCursor | undefined {
  const batch = new RecordBatchCursor({
    topic,
    partition,
    bytes: records,
    position,
    stopPosition,
    abortedTransactions:
      abortedTransactions.length === 0 ? undefined : new AbortedTransactions(abortedTransactions),
    onRelease,
  });
  if (batch.positionAfter !== position) return batch;
  // Batches that lead nowhere are damaged, and this throws where a checksum says so. A length that is wrong
  // leaves no batch to check; it may have become so on its way here.
  batch.next();
  if (brokenAnswers + 1 < brokenAnswersMax) return undefined;
  throw corruptBatch({ topic, partition, offset: position }, noWholeBatch);
}

/** Of the batch that such an answer holds. */
export const noWholeBatch = 'it is longer than the answer that holds it';

/** What was damaged on its way is whole the next time; what is damaged in the log never is. */
const brokenAnswersMax = 4;
