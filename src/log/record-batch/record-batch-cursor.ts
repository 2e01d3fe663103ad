import { crc32c } from '@node-rs/crc32';
import type { LogBatch, LogError, RecordHeader } from '../log-port.js';
import type { AbortedTransactions } from './aborted-transactions.js';
import { type BatchPlace, corruptBatch } from './corrupt-batch.js';
import {
  batchByteLength,
  batchLayout,
  batchMagic,
  compressionMask,
  controlFlag,
  lastOffsetOf,
  logAppendTimeFlag,
  producerIdOf,
  readInt64AsNumber,
  transactionalFlag,
} from './record-batch-layout.js';
import { decompressRecords } from './record-compression.js';

export interface RecordBatchCursorOptions {
  readonly topic: string;
  readonly partition: number;
  /** Consecutive record batches; the last may be cut off, as a fetch returns it. Not changed until `release`. */
  readonly bytes: Buffer;
  /** The first offset wanted; earlier records (a batch may begin before it) are passed over. */
  readonly position: number;
  /** Exclusive. */
  readonly stopPosition?: number | undefined;
  /** Absent where the bytes hold no aborted data. */
  readonly abortedTransactions?: AbortedTransactions | undefined;
  readonly onRelease?: (() => void) | undefined;
}

/**
 * Walks the records of consecutive record batches without an object or allocation per record: the fields
 * of the current record are plain properties. Each batch's checksum is verified before its first record is
 * shown. Control batches and aborted data only move the position.
 *
 * The constructor reads only the batches' headers. `bytes` changes from batch to batch where they are
 * compressed, so read it anew after each `next`.
 *
 * @throws LogError `corrupt-batch`, naming topic, partition and offset, from the constructor and `next`.
 */
export class RecordBatchCursor implements LogBatch {
  readonly topic: string;
  readonly partition: number;
  readonly positionAfter: number;
  offset = -1;
  timestamp = -1;
  bytes: Buffer;
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;

  private readonly fetched: Buffer;
  private readonly fetchedEnd: number;
  private readonly position: number;
  private readonly stopPosition: number;
  private readonly abortedTransactions: AbortedTransactions | undefined;
  private readonly onRelease: (() => void) | undefined;
  private isReleased = false;

  /** Where the batch after the current one begins in `fetched`. */
  private nextBatchAt = 0;
  private baseOffset = 0;
  /** Of the current batch; its records' deltas count from here. */
  private baseTimestamp = 0;
  /** At least 0 where the broker stamped the batch's records alike when it appended them. */
  private appendTimestamp = noAppendTimestamp;
  private recordsLeft = 0;
  /** The read position in `bytes`. */
  private at = 0;
  private recordsEnd = 0;
  private headersAt = 0;
  private nextRecordAt = 0;

  constructor(options: RecordBatchCursorOptions) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.fetched = options.bytes;
    this.bytes = options.bytes;
    this.position = options.position;
    this.stopPosition = options.stopPosition ?? Number.POSITIVE_INFINITY;
    this.abortedTransactions = options.abortedTransactions;
    this.onRelease = options.onRelease;
    let at = 0;
    let positionAfter = options.position;
    for (let length = this.wholeBatchLength(at); length > 0; length = this.wholeBatchLength(at)) {
      positionAfter = Math.max(positionAfter, lastOffsetOf(this.fetched, at) + 1);
      at += length;
    }
    this.fetchedEnd = at;
    this.positionAfter = Math.min(positionAfter, Math.max(options.position, this.stopPosition));
  }

  next(): boolean {
    for (;;) {
      if (this.recordsLeft === 0 && !this.enterNextBatch()) return false;
      this.recordsLeft--;
      this.readRecord();
      if (this.offset >= this.stopPosition) {
        this.recordsLeft = 0;
        this.nextBatchAt = this.fetchedEnd;
        return false;
      }
      if (this.offset >= this.position) return true;
    }
  }

  headers(): readonly RecordHeader[] {
    this.at = this.headersAt;
    const count = this.readVarint();
    const headers: RecordHeader[] = [];
    for (let i = 0; i < count; i++) {
      const keyBytes = this.readVarint();
      const key = this.bytes.toString('utf8', this.at, this.at + keyBytes);
      this.at += keyBytes;
      const valueBytes = this.readVarint();
      const value = valueBytes < 0 ? null : this.bytes.subarray(this.at, this.at + valueBytes);
      this.at += Math.max(valueBytes, 0);
      headers.push({ key, value });
    }
    this.at = this.nextRecordAt;
    return headers;
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.recordsLeft = 0;
    this.nextBatchAt = this.fetchedEnd;
    this.onRelease?.();
  }

  private readRecord(): void {
    const length = this.readVarint();
    const end = this.at + length;
    if (length < 0 || end > this.recordsEnd)
      throw this.corrupt(this.baseOffset, 'a record is longer than its batch');
    // The record's attributes have no meaning yet.
    this.at++;
    const timestampDelta = this.readVarlong();
    this.timestamp =
      this.appendTimestamp === noAppendTimestamp ? this.baseTimestamp + timestampDelta : this.appendTimestamp;
    this.offset = this.baseOffset + this.readVarint();
    const keyBytes = this.readVarint();
    this.keyStart = keyBytes < 0 ? -1 : this.at;
    this.keyEnd = keyBytes < 0 ? -1 : this.at + keyBytes;
    if (keyBytes > 0) this.at += keyBytes;
    const valueBytes = this.readVarint();
    this.valueStart = valueBytes < 0 ? -1 : this.at;
    this.valueEnd = valueBytes < 0 ? -1 : this.at + valueBytes;
    if (valueBytes > 0) this.at += valueBytes;
    if (this.at >= end) throw this.corrupt(this.offset, 'a field is longer than its record');
    this.headersAt = this.at;
    this.nextRecordAt = end;
    this.at = end;
  }

  /** Moves to the next batch that has records to show. */
  private enterNextBatch(): boolean {
    const fetched = this.fetched;
    while (this.nextBatchAt < this.fetchedEnd) {
      const at = this.nextBatchAt;
      const end = at + batchByteLength(fetched, at);
      this.nextBatchAt = end;
      const baseOffset = readInt64AsNumber(fetched, at + batchLayout.baseOffset);
      if (baseOffset >= this.stopPosition) {
        this.nextBatchAt = this.fetchedEnd;
        return false;
      }
      const lastOffset = lastOffsetOf(fetched, at);
      const attributes = fetched.readInt16BE(at + batchLayout.attributes);
      const isControl = (attributes & controlFlag) !== 0;
      // Before anything is believed of it: a damaged offset would have the batch passed over in silence.
      this.verifyChecksum(at, end, baseOffset);
      // Whole batches before the position are needed by nobody, except markers, by the filter.
      if (lastOffset < this.position && !isControl) continue;
      if (isControl) this.passMarker(at, lastOffset);
      else if (!this.isHidden(at, attributes, lastOffset) && this.openBatch(at, end, attributes)) return true;
    }
    return false;
  }

  /** False for a batch that compaction emptied. */
  private openBatch(at: number, end: number, attributes: number): boolean {
    const fetched = this.fetched;
    const recordCount = fetched.readInt32BE(at + batchLayout.recordCount);
    if (recordCount <= 0) return false;
    this.baseOffset = readInt64AsNumber(fetched, at + batchLayout.baseOffset);
    this.baseTimestamp = readInt64AsNumber(fetched, at + batchLayout.baseTimestamp);
    this.appendTimestamp =
      (attributes & logAppendTimeFlag) === 0
        ? noAppendTimestamp
        : readInt64AsNumber(fetched, at + batchLayout.maxTimestamp);
    this.recordsLeft = recordCount;
    const compression = attributes & compressionMask;
    if (compression === 0) {
      this.bytes = fetched;
      this.at = at + batchLayout.records;
      this.recordsEnd = end;
    } else {
      this.bytes = decompressRecords(
        compression,
        fetched.subarray(at + batchLayout.records, end),
        this.placeOf(this.baseOffset),
      );
      this.at = 0;
      this.recordsEnd = this.bytes.length;
    }
    return true;
  }

  private isHidden(at: number, attributes: number, lastOffset: number): boolean {
    if (this.abortedTransactions === undefined || (attributes & transactionalFlag) === 0) return false;
    return this.abortedTransactions.hides(lastOffset, producerIdOf(this.fetched, at));
  }

  private passMarker(at: number, lastOffset: number): void {
    if (this.abortedTransactions === undefined) return;
    const isAbort = this.isAbortMarker(at);
    this.abortedTransactions.passMarker(lastOffset, producerIdOf(this.fetched, at), isAbort);
  }

  /**
   * A control batch holds one record, whose key is a version and the marker's type, two int16. Compaction
   * empties it once nothing of its transaction is left.
   */
  private isAbortMarker(at: number): boolean {
    const { fetched } = this;
    if (fetched.readInt32BE(at + batchLayout.recordCount) <= 0) return false;
    this.baseOffset = readInt64AsNumber(fetched, at + batchLayout.baseOffset);
    this.bytes = fetched;
    this.at = at + batchLayout.records;
    this.recordsEnd = this.nextBatchAt;
    this.readRecord();
    const isMarker = this.keyStart >= 0 && this.keyEnd - this.keyStart >= 4;
    return isMarker && fetched.readInt16BE(this.keyStart + 2) === abortMarkerType;
  }

  private verifyChecksum(at: number, end: number, baseOffset: number): void {
    const expected = this.fetched.readUInt32BE(at + batchLayout.crc);
    if (crc32c(this.fetched.subarray(at + batchLayout.attributes, end)) !== expected) {
      throw this.corrupt(baseOffset, 'its checksum does not match');
    }
  }

  /** Length of the batch at `at`, 0 where none or only a part of one is left. */
  private wholeBatchLength(at: number): number {
    const fetched = this.fetched;
    if (at + batchLayout.magic >= fetched.length) return 0;
    const length = batchByteLength(fetched, at);
    const baseOffset = readInt64AsNumber(fetched, at + batchLayout.baseOffset);
    const magic = fetched.readInt8(at + batchLayout.magic);
    if (magic !== batchMagic)
      throw this.corrupt(baseOffset, `its format version is ${magic}, not ${batchMagic}`);
    if (length < batchLayout.records)
      throw this.corrupt(baseOffset, `its length of ${length} bytes is impossible`);
    return at + length <= fetched.length ? length : 0;
  }

  private readVarint(): number {
    const bytes = this.bytes;
    let byte = bytes[this.at++] as number;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    let shift = 7;
    do {
      byte = bytes[this.at++] as number;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80 && shift < 35);
    return (value >>> 1) ^ -(value & 1);
  }

  private readVarlong(): number {
    const bytes = this.bytes;
    let byte = bytes[this.at++] as number;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    let multiplier = 0x80;
    do {
      byte = bytes[this.at++] as number;
      value += (byte & 0x7f) * multiplier;
      multiplier *= 0x80;
    } while (byte >= 0x80 && multiplier < varlongMultiplierMax);
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  private corrupt(offset: number, what: string): LogError {
    return corruptBatch(this.placeOf(offset), what);
  }

  private placeOf(offset: number): BatchPlace {
    return { topic: this.topic, partition: this.partition, offset };
  }
}

const noAppendTimestamp = -1;
const abortMarkerType = 0;
/** Ten bytes hold an int64; a longer run of continuation bytes is no number. */
const varlongMultiplierMax = 2 ** 70;
