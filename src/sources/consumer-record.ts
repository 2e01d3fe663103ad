import type { ValueCodec } from '../codecs/value-codec.js';
import type { LogBatch, RecordHeader } from '../log/log-port.js';
import { decodeField } from './record-decoder.js';

/** All that the log holds of one record. Lent for one call of `deserialize`: it shows another record afterwards. */
export interface ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Epoch ms. */
  readonly timestamp: number;
  /** A copy; null for a record without a key. */
  readonly key: Uint8Array | null;
  /** A copy; null for a tombstone. */
  readonly value: Uint8Array | null;
  /** Copies, in the record's order; a name may come several times. */
  readonly headers: readonly RecordHeader[];
  /** Decodes the key where it lies, without the copy. @throws as a source with that codec would */
  decodeKey<K>(codec: ValueCodec<K>): K;
  decodeValue<V>(codec: ValueCodec<V>): V;
}

/** Turns records into elements, and sees everything of them. */
export interface RecordDeserializer<T> {
  /** Synchronous. @throws where the record is no element; the source's `onUndecodable` says what follows. */
  deserialize(record: ConsumerRecord): T;
}

/** A batch's current record. Nothing is read from the batch before somebody asks for it. */
export class BatchRecordView implements ConsumerRecord {
  private batch: LogBatch | undefined;

  show(batch: LogBatch): ConsumerRecord {
    this.batch = batch;
    return this;
  }

  get topic(): string {
    return this.shown.topic;
  }

  get partition(): number {
    return this.shown.partition;
  }

  get offset(): number {
    return this.shown.offset;
  }

  get timestamp(): number {
    return this.shown.timestamp;
  }

  get key(): Uint8Array | null {
    const { bytes, keyStart, keyEnd } = this.shown;
    return copyOf(bytes, keyStart, keyEnd);
  }

  get value(): Uint8Array | null {
    const { bytes, valueStart, valueEnd } = this.shown;
    return copyOf(bytes, valueStart, valueEnd);
  }

  get headers(): readonly RecordHeader[] {
    // The batch's own are views of memory that is used again.
    return this.shown
      .headers()
      .map(({ key, value }) => ({ key, value: value === null ? null : new Uint8Array(value) }));
  }

  decodeKey<K>(codec: ValueCodec<K>): K {
    const { bytes, keyStart, keyEnd } = this.shown;
    return decodeField(codec, 'key', bytes, keyStart, keyEnd);
  }

  decodeValue<V>(codec: ValueCodec<V>): V {
    const { bytes, valueStart, valueEnd } = this.shown;
    return decodeField(codec, 'value', bytes, valueStart, valueEnd);
  }

  private get shown(): LogBatch {
    if (this.batch === undefined) throw new Error('A record is read before there is one.');
    return this.batch;
  }
}

/** Start -1 is a null. */
function copyOf(bytes: Buffer, start: number, end: number): Uint8Array | null {
  return start < 0 ? null : new Uint8Array(bytes.subarray(start, end));
}
