import type { Compression, LogRecord } from '../log-port.js';
import { anonymousProducer, RecordBatchEncoder } from '../record-batch/record-batch-encoder.js';
import type { EncodedBatch, TransactionHandle } from './log-requests.js';

/** The open batches of one topic that is being appended to. */
export class TopicBatches {
  readonly topic: string;
  /** Undefined until the log has answered; until then records wait. */
  partitionCount: number | undefined;
  readonly waiting: LogRecord[] = [];
  /** Where records without key go until a batch of theirs is sealed: few full batches instead of many small ones. */
  stickyPartition = 0;
  private readonly encoders: (RecordBatchEncoder | undefined)[] = [];

  constructor(topic: string) {
    this.topic = topic;
  }

  batchOf(partition: number): RecordBatchEncoder {
    let encoder = this.encoders[partition];
    if (encoder === undefined) {
      encoder = new RecordBatchEncoder();
      this.encoders[partition] = encoder;
    }
    return encoder;
  }

  *partitionsWithRecords(): Generator<number> {
    for (let partition = 0; partition < this.encoders.length; partition++) {
      if ((this.encoders[partition]?.recordCount ?? 0) > 0) yield partition;
    }
  }

  /** Closes a partition's batch and empties it for the next. */
  seal(
    partition: number,
    transaction: TransactionHandle | undefined,
    compression: Compression | undefined,
  ): EncodedBatch {
    const encoder = this.batchOf(partition);
    const batch = encoder.finish(
      transaction === undefined
        ? anonymousProducer
        : {
            producerId: BigInt(transaction.producerId),
            producerEpoch: transaction.producerEpoch,
            baseSequence: -1,
            isTransactional: true,
            baseOffset: 0,
          },
      compression,
    );
    const bytes = new ArrayBuffer(batch.length);
    new Uint8Array(bytes).set(batch);
    encoder.reset();
    if (partition === this.stickyPartition)
      this.stickyPartition = (partition + 1) % (this.partitionCount ?? 1);
    return { topic: this.topic, partition, bytes };
  }
}

/** Large enough for cheap appends and reads, small enough that a reader that starts inside one wastes little. */
export const batchBytesTarget = 256 * 1024;
