import type { LogRecord } from '../../log-port.js';
import type { EncoderPool } from './encoder-pool.js';
import { nextSequence, PendingBatch } from './pending-batch.js';

/**
 * The batches of one partition on their way to the log.
 *
 * Invariant: one batch at a time is under way, and the next gets its sequence number when that one is
 * acknowledged or is its remainder. With two under way, a lost answer could leave one of them lost and
 * the other doubled.
 */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  /** Known to the transaction's coordinator, where there is one. */
  isAdmitted = false;
  /** Sent, and nobody knows yet what became of it; it is put back when it is to be sent again. */
  underWay: PendingBatch | undefined;
  isPaused = false;
  /** Since anything was acknowledged; each is longer than the one before. */
  pauses = 0;
  private readonly encoders: EncoderPool;
  private readonly sealed: PendingBatch[] = [];
  private open: PendingBatch | undefined;
  private sequence = 0;

  constructor(topic: string, partition: number, encoders: EncoderPool) {
    this.encoders = encoders;
    this.topic = topic;
    this.partition = partition;
  }

  /** Answers the bytes that the record takes of the buffer. */
  append(record: LogRecord, epoch: number, nowMs: number, batchBytes: number): number {
    if (this.open !== undefined && (this.open.epoch !== epoch || this.open.byteLength >= batchBytes))
      this.seal();
    this.open ??= new PendingBatch(this.encoders.take(), epoch, nowMs);
    return this.open.append(record);
  }

  /** Monotonic ms of the oldest record that waits; undefined where none does. */
  get waitingSinceMs(): number | undefined {
    return (this.sealed[0] ?? this.open)?.openedMs;
  }

  /** A batch that is full, of an earlier flush or to be sent again waits for nothing but its turn. */
  isDue(nowMs: number, lingerMs: number, batchBytes: number): boolean {
    if (this.underWay !== undefined || this.isPaused) return false;
    if (this.sealed.length > 0) return true;
    return (
      this.open !== undefined &&
      (this.open.byteLength >= batchBytes || this.open.openedMs + lingerMs <= nowMs)
    );
  }

  /** Records that follow go into another batch. */
  seal(): void {
    if (this.open === undefined) return;
    this.sealed.push(this.open);
    this.open = undefined;
  }

  take(): PendingBatch | undefined {
    if (this.sealed.length === 0) this.seal();
    const batch = this.sealed.shift();
    if (batch === undefined) return undefined;
    if (batch.baseSequence === undefined) {
      batch.baseSequence = this.sequence;
      this.sequence = nextSequence(this.sequence, batch.recordCount);
    }
    batch.attempts++;
    this.underWay = batch;
    return batch;
  }

  acknowledged(): void {
    if (this.underWay !== undefined) this.encoders.give(this.underWay.encoder);
    this.underWay = undefined;
    this.pauses = 0;
  }

  /** To be sent again, as it was or in parts, before anything else. */
  putBack(...batches: readonly PendingBatch[]): void {
    this.underWay = undefined;
    this.sealed.unshift(...batches);
  }
}
