import type { Compression, LogRecord } from '../../log-port.js';
import { RecordBatchCursor } from '../../record-batch/record-batch-cursor.js';
import { RecordBatchEncoder, recordByteLengthMax } from '../../record-batch/record-batch-encoder.js';
import type { ProducerIdentity } from '../protocol/init-producer-id.js';

/** A batch from its first record to its acknowledgement. */
export class PendingBatch {
  /** The flush epoch of all its records. */
  readonly epoch: number;
  /** Monotonic ms of its first record. */
  readonly openedMs: number;
  /** Set when it is first sent and never changed: by it the log knows a retry from a new batch. */
  baseSequence: number | undefined;
  attempts = 0;
  /** What it takes of the sender's buffer. */
  bufferedBytes = 0;
  readonly encoder: RecordBatchEncoder;
  private encoded: Buffer | undefined;

  constructor(encoder: RecordBatchEncoder, epoch: number, openedMs: number) {
    this.encoder = encoder;
    this.epoch = epoch;
    this.openedMs = openedMs;
  }

  get recordCount(): number {
    return this.encoder.recordCount;
  }

  get byteLength(): number {
    return this.encoder.byteLength;
  }

  /** Answers the bytes that the record takes of the buffer. */
  append(record: LogRecord): number {
    this.encoder.append(record.key, record.value, record.timestamp, record.headers);
    const bytes = recordByteLengthMax(record.key, record.value, record.headers);
    this.bufferedBytes += bytes;
    return bytes;
  }

  /** The same bytes at every call. */
  encode(producer: ProducerIdentity, isTransactional: boolean, compression: Compression = 'none'): Buffer {
    if (this.baseSequence === undefined)
      throw new Error('A batch is encoded before it has its sequence number.');
    const { baseSequence } = this;
    this.encoded ??= this.encoder.finish(
      { ...producer, baseSequence, isTransactional, baseOffset: 0 },
      compression,
    );
    return this.encoded;
  }

  /** Its records in two batches, for a log that refused it as too large; each of its sequence numbers kept. */
  split(topic: string, partition: number): [PendingBatch, PendingBatch] {
    const half = (): PendingBatch => new PendingBatch(new RecordBatchEncoder(), this.epoch, this.openedMs);
    const halves: [PendingBatch, PendingBatch] = [half(), half()];
    const middle = Math.ceil(this.recordCount / 2);
    for (const { index, record } of this.records(topic, partition))
      halves[index < middle ? 0 : 1].append(record);
    if (this.baseSequence !== undefined) {
      halves[0].baseSequence = this.baseSequence;
      halves[1].baseSequence = nextSequence(this.baseSequence, middle);
    }
    return halves;
  }

  /** The first record, for an error that is about it. */
  firstRecord(topic: string, partition: number): LogRecord {
    for (const { record } of this.records(topic, partition)) return record;
    throw new Error('An empty batch was sent.');
  }

  private *records(topic: string, partition: number): Generator<{ index: number; record: LogRecord }> {
    const bytes = this.encoded;
    if (bytes === undefined) throw new Error('A batch is read before it is encoded.');
    const cursor = new RecordBatchCursor({ topic, partition, bytes, position: 0 });
    const field = (start: number, end: number): Uint8Array | null =>
      // The cursor's own bytes: those of a compressed batch are elsewhere.
      start < 0 ? null : cursor.bytes.subarray(start, end);
    for (let index = 0; cursor.next(); index++) {
      const record: LogRecord = {
        topic,
        partition,
        key: field(cursor.keyStart, cursor.keyEnd),
        value: field(cursor.valueStart, cursor.valueEnd),
        timestamp: cursor.timestamp,
        headers: cursor.headers(),
      };
      yield { index, record };
    }
  }
}

/** Sequence numbers are int32 and start again at 0. */
export function nextSequence(sequence: number, records: number): number {
  return (sequence + records) % 2 ** 31;
}
