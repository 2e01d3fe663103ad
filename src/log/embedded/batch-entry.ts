import { batchLayout, readInt64AsNumber } from '../record-batch/record-batch-layout.js';

/** What the log knows of a stored batch without reading it. */
export interface BatchEntry {
  readonly batchId: number;
  readonly byteLength: number;
  readonly recordCount: number;
  /** Epoch ms. */
  readonly maxTimestamp: number;
}

/** The entry of an encoded batch, from the batch's own header. */
export function entryOfBatch(batchId: number, batch: Buffer): BatchEntry {
  return {
    batchId,
    byteLength: batch.length,
    recordCount: batch.readInt32BE(batchLayout.lastOffsetDelta) + 1,
    maxTimestamp: readInt64AsNumber(batch, batchLayout.maxTimestamp),
  };
}

export function encodeEntry(entry: BatchEntry, bytes = Buffer.alloc(entryBytes), at = 0): Buffer {
  bytes.writeDoubleBE(entry.batchId, at);
  bytes.writeUInt32BE(entry.byteLength, at + 8);
  bytes.writeUInt32BE(entry.recordCount, at + 12);
  bytes.writeDoubleBE(entry.maxTimestamp, at + 16);
  return bytes;
}

export function decodeEntry(bytes: Buffer, at = 0): BatchEntry {
  return {
    batchId: bytes.readDoubleBE(at),
    byteLength: bytes.readUInt32BE(at + 8),
    recordCount: bytes.readUInt32BE(at + 12),
    maxTimestamp: bytes.readDoubleBE(at + 16),
  };
}

/** A batch that waits for its transaction's commit, and the partition it goes to. */
export interface StagedBatch {
  readonly partitionId: number;
  readonly entry: BatchEntry;
}

export function encodeStaged(staged: StagedBatch): Buffer {
  const bytes = Buffer.alloc(4 + entryBytes);
  bytes.writeUInt32BE(staged.partitionId, 0);
  return encodeEntry(staged.entry, bytes, 4);
}

export function decodeStaged(bytes: Buffer): StagedBatch {
  return { partitionId: bytes.readUInt32BE(0), entry: decodeEntry(bytes, 4) };
}

const entryBytes = 24;

/** Ids and offsets are whole numbers below 2^53; eight bytes keep their order. */
export function idKey(id: number): Buffer {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(id));
  return key;
}

/** Key of `index`: batches of a partition lie in offset order. */
export function indexKey(partitionId: number, baseOffset: number): Buffer {
  const key = Buffer.alloc(12);
  key.writeUInt32BE(partitionId, 0);
  key.writeBigUInt64BE(BigInt(baseOffset), 4);
  return key;
}

export function baseOffsetOfKey(key: Buffer): number {
  return readInt64AsNumber(key, 4);
}

/** Key of `staged`: a transaction's batches lie in the order they were appended. */
export function stagedKey(producerId: number, batchId: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeBigUInt64BE(BigInt(producerId), 0);
  key.writeBigUInt64BE(BigInt(batchId), 8);
  return key;
}

export function batchIdOfStagedKey(key: Buffer): number {
  return readInt64AsNumber(key, 8);
}
