import type { TopicPartition } from './log-port.js';
import { RecordBatchCursor } from './record-batch/record-batch-cursor.js';

/**
 * What a reader does about a position that is not in the log (any more): Kafka's `auto.offset.reset`, with `fail`
 * for `none`. `earliest` and `latest` go on at the beginning or at the end of what there is by then.
 */
export type OffsetResetStrategy = 'fail' | 'earliest' | 'latest';

export const offsetResetStrategies = [
  'fail',
  'earliest',
  'latest',
] as const satisfies readonly OffsetResetStrategy[];

/** A partition is read on at another position: `from` is not in the log, `to` is. */
export interface PositionReset extends TopicPartition {
  readonly from: number;
  readonly to: number;
}

/**
 * A batch without records that only moves the position. The new position so reaches whoever reads in its place
 * behind the records fetched before, and no checkpoint can hold it too early.
 */
export function resetBatch({ topic, partition, to }: PositionReset): RecordBatchCursor {
  return new RecordBatchCursor({ topic, partition, bytes: Buffer.alloc(0), position: to });
}

/** For people: what happened, and what it means for the records. */
export function describeReset({ topic, partition, from, to }: PositionReset): string {
  const consequence =
    to > from
      ? 'What was written in between is not read.'
      : 'What is there is read, whether or not it was read before.';
  return `Topic ${topic}, partition ${partition}: position ${from} is not in the log; reading goes on at ${to}. ${consequence}`;
}
