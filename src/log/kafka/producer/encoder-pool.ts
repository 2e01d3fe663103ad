import { RecordBatchEncoder } from '../../record-batch/record-batch-encoder.js';

/**
 * Encoders whose batches are acknowledged, with their grown buffers: without it every batch would allocate
 * and grow a new one, and collecting them costs more than encoding.
 */
export class EncoderPool {
  private readonly idle: RecordBatchEncoder[] = [];

  take(): RecordBatchEncoder {
    return this.idle.pop() ?? new RecordBatchEncoder();
  }

  /** Nobody may hold a view of its batch any more. */
  give(encoder: RecordBatchEncoder): void {
    if (this.idle.length >= idleEncodersMax || encoder.capacityBytes > keptBytesMax) return;
    encoder.reset();
    this.idle.push(encoder);
  }
}

/** Two batches, one filling and one under way, for each of a dozen or so partitions. */
const idleEncodersMax = 32;
/** Twice the usual batch; the buffer of one huge record is let go. */
const keptBytesMax = 1024 * 1024;
