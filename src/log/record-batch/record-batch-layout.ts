/**
 * Where the fields of a record batch lie (Kafka's message format 2, big-endian). A batch is
 *
 *     header (61 bytes) | records, compressed together or not
 *
 * The CRC-32C covers everything from `attributes` on, so `baseOffset` may be set after encoding without
 * touching it. Changing a number here makes every stored batch unreadable.
 */
export const batchLayout = {
  baseOffset: 0,
  /** Bytes that follow this field. */
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const;

export const batchMagic = 2;

/** `baseOffset` and `batchLength` themselves, which `batchLength` does not count. */
export const batchLogOverheadBytes = 12;

export const compressionMask = 0x07;
export const logAppendTimeFlag = 0x08;
export const transactionalFlag = 0x10;
export const controlFlag = 0x20;

/** Bytes of the whole batch that begins at `at`. */
export function batchByteLength(bytes: Buffer, at = 0): number {
  return batchLogOverheadBytes + bytes.readInt32BE(at + batchLayout.batchLength);
}

/** Places an encoded batch in a partition; its checksum stays valid. */
export function setBaseOffset(batch: Buffer, baseOffset: number): void {
  batch.writeBigInt64BE(BigInt(baseOffset), batchLayout.baseOffset);
}

/** An int64 field as a number; exact up to 2^53, which no offset or timestamp passes. */
export function readInt64AsNumber(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}

/** Of the batch that begins at `at`. */
export function lastOffsetOf(bytes: Buffer, at: number): number {
  return (
    readInt64AsNumber(bytes, at + batchLayout.baseOffset) +
    bytes.readInt32BE(at + batchLayout.lastOffsetDelta)
  );
}

/** Producer ids are given out in ascending order from 0, so a number holds them. */
export function producerIdOf(bytes: Buffer, at: number): number {
  return readInt64AsNumber(bytes, at + batchLayout.producerId);
}
