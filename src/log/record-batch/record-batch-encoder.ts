import { crc32c } from '@node-rs/crc32';
import type { Compression, RecordHeader } from '../log-port.js';
import { codecNumberOf, codecOfNumber } from './compression-codecs.js';
import { batchLayout, batchLogOverheadBytes, batchMagic, transactionalFlag } from './record-batch-layout.js';
import { varintByteLength, varlongByteLength, writeVarint, writeVarlong } from './varint.js';

/** Who wrote a batch, for the log's deduplication and transactions. */
export interface BatchProducer {
  /** An int64; -1 for a batch without idempotence. */
  readonly producerId: bigint | string;
  readonly producerEpoch: number;
  /** Of the batch's first record; -1 without idempotence. */
  readonly baseSequence: number;
  readonly isTransactional: boolean;
  /** 0 where the log assigns it. */
  readonly baseOffset: number;
}

/** A batch that nobody needs to deduplicate, at offset 0. */
export const anonymousProducer: BatchProducer = {
  producerId: -1n,
  producerEpoch: -1,
  baseSequence: -1,
  isTransactional: false,
  baseOffset: 0,
};

/**
 * Encodes records, one after another, into one record batch in a buffer of its own: nothing is kept per
 * record, and the header is written last. After `reset` the buffer serves the next batch.
 */
export class RecordBatchEncoder {
  private bytes: Buffer;
  private end = batchLayout.records as number;
  private count = 0;
  private baseTimestamp = 0;
  private maxTimestamp = 0;

  constructor(initialBytes = initialBatchBytes) {
    // Not from Buffer's shared pool: a batch may be transferred to another thread.
    this.bytes = Buffer.allocUnsafeSlow(Math.max(initialBytes, batchLayout.records));
  }

  /** Bytes of the batch so far, header included. */
  get byteLength(): number {
    return this.end;
  }

  /** Bytes of the buffer, which `reset` keeps. */
  get capacityBytes(): number {
    return this.bytes.length;
  }

  get recordCount(): number {
    return this.count;
  }

  /** Copies the bytes in. `timestamp` is epoch ms, a whole number. */
  append(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers: readonly RecordHeader[] = noHeaders,
  ): void {
    if (this.count === 0) {
      this.baseTimestamp = timestamp;
      this.maxTimestamp = timestamp;
    } else if (timestamp > this.maxTimestamp) {
      this.maxTimestamp = timestamp;
    }
    const timestampDelta = timestamp - this.baseTimestamp;
    const bodyBytes =
      attributesBytes +
      varlongByteLength(timestampDelta) +
      varintByteLength(this.count) +
      fieldByteLength(key) +
      fieldByteLength(value) +
      headersByteLength(headers);
    this.ensureRoom(varintByteLength(bodyBytes) + bodyBytes);
    const bytes = this.bytes;
    let at = writeVarint(bytes, this.end, bodyBytes);
    bytes[at++] = 0;
    at = writeVarlong(bytes, at, timestampDelta);
    at = writeVarint(bytes, at, this.count);
    at = writeField(bytes, at, key);
    at = writeField(bytes, at, value);
    this.end = headers.length === 0 ? writeVarint(bytes, at, 0) : writeHeaders(bytes, at, headers);
    this.count++;
  }

  /**
   * Writes the header and answers the batch: a view of this encoder's own buffer, valid until `reset` or
   * the next `append`, or a buffer of its own where it is compressed. It may be called again, for a retry
   * under another producer.
   */
  finish(producer: BatchProducer, compression: Compression = 'none'): Buffer {
    const codecNumber = codecNumberOf(compression);
    const batch = this.pack(codecNumber);
    batch.writeBigInt64BE(BigInt(producer.baseOffset), batchLayout.baseOffset);
    batch.writeInt32BE(batch.length - batchLogOverheadBytes, batchLayout.batchLength);
    batch.writeInt32BE(-1, batchLayout.partitionLeaderEpoch);
    batch.writeInt8(batchMagic, batchLayout.magic);
    batch.writeInt16BE(
      codecNumber | (producer.isTransactional ? transactionalFlag : 0),
      batchLayout.attributes,
    );
    batch.writeInt32BE(this.count - 1, batchLayout.lastOffsetDelta);
    batch.writeBigInt64BE(BigInt(this.baseTimestamp), batchLayout.baseTimestamp);
    batch.writeBigInt64BE(BigInt(this.maxTimestamp), batchLayout.maxTimestamp);
    batch.writeBigInt64BE(BigInt(producer.producerId), batchLayout.producerId);
    batch.writeInt16BE(producer.producerEpoch, batchLayout.producerEpoch);
    batch.writeInt32BE(producer.baseSequence, batchLayout.baseSequence);
    batch.writeInt32BE(this.count, batchLayout.recordCount);
    batch.writeUInt32BE(crc32c(batch.subarray(batchLayout.attributes)), batchLayout.crc);
    return batch;
  }

  /** Forgets the records and keeps the buffer. */
  reset(): void {
    this.end = batchLayout.records;
    this.count = 0;
  }

  /** The records behind room for the header. */
  private pack(codecNumber: number): Buffer {
    const codec = codecOfNumber(codecNumber);
    if (codec === undefined) return this.bytes.subarray(0, this.end);
    const packed = codec.compress(this.bytes.subarray(batchLayout.records, this.end));
    const batch = Buffer.allocUnsafeSlow(batchLayout.records + packed.length);
    batch.set(packed, batchLayout.records);
    return batch;
  }

  private ensureRoom(recordBytes: number): void {
    const needed = this.end + recordBytes;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
  }
}

/** An upper bound of what one record adds to a batch, in bytes, so that a batch can be kept within a limit. */
export function recordByteLengthMax(
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[] = noHeaders,
): number {
  return recordOverheadBytesMax + fieldByteLength(key) + fieldByteLength(value) + headersByteLength(headers);
}

/** Room for a few records; it doubles as they come. */
const initialBatchBytes = 4096;
const attributesBytes = 1;
/** Length (5), attributes (1), timestamp delta (10) and offset delta (5) at their longest. */
const recordOverheadBytesMax = 21;
const noHeaders: readonly RecordHeader[] = [];
/** Below this, copying byte by byte is faster than the call of `set`. */
const smallFieldBytes = 24;

function fieldByteLength(field: Uint8Array | null): number {
  return field === null ? 1 : varintByteLength(field.length) + field.length;
}

function headersByteLength(headers: readonly RecordHeader[]): number {
  let length = varintByteLength(headers.length);
  for (const header of headers) {
    const keyBytes = Buffer.byteLength(header.key);
    length += varintByteLength(keyBytes) + keyBytes + fieldByteLength(header.value);
  }
  return length;
}

function writeField(bytes: Buffer, start: number, field: Uint8Array | null): number {
  if (field === null) return writeVarint(bytes, start, -1);
  const length = field.length;
  const at = writeVarint(bytes, start, length);
  if (length >= smallFieldBytes) bytes.set(field, at);
  else for (let i = 0; i < length; i++) bytes[at + i] = field[i] as number;
  return at + length;
}

function writeHeaders(bytes: Buffer, start: number, headers: readonly RecordHeader[]): number {
  let at = writeVarint(bytes, start, headers.length);
  for (const header of headers) {
    const keyBytes = Buffer.byteLength(header.key);
    at = writeVarint(bytes, at, keyBytes);
    at += bytes.write(header.key, at);
    at = writeField(bytes, at, header.value);
  }
  return at;
}
