/**
 * The most bytes that LZ4 frames can hold, found by going through their block headers; nothing is unpacked.
 * See `zstdSizeBound` for why.
 *
 * @throws RangeError where the bytes are no whole frames.
 */
export function lz4SizeBound(bytes: Buffer): number {
  let bound = 0;
  for (let at = 0; at < bytes.length; ) {
    if (bytes.readUInt32LE(at) !== frameMagic) throw new RangeError('It holds something else than frames.');
    const flags = bytes.readUInt8(at + magicBytes);
    const blockSizeMax = blockSizes[(bytes.readUInt8(at + magicBytes + 1) >> 4) & 0x07] ?? blockSizeMost;
    const hasContentSize = (flags & 0x08) !== 0;
    const hasDictionaryId = (flags & 0x01) !== 0;
    at += headerBytes + (hasContentSize ? contentSizeBytes : 0) + (hasDictionaryId ? dictionaryIdBytes : 0);
    const blockTrailerBytes = (flags & 0x10) === 0 ? 0 : checksumBytes;
    for (let header = bytes.readUInt32LE(at); header !== endMark; header = bytes.readUInt32LE(at)) {
      const size = header & ~uncompressedFlag;
      bound += size === header ? Math.min(blockSizeMax, size * growthMax) : size;
      at += blockHeaderBytes + size + blockTrailerBytes;
    }
    at += blockHeaderBytes + ((flags & 0x04) === 0 ? 0 : checksumBytes);
  }
  return bound;
}

const frameMagic = 0x184d2204;
const magicBytes = 4;
/** Magic, flags, block descriptor and the header's checksum. */
const headerBytes = 7;
const contentSizeBytes = 8;
const dictionaryIdBytes = 4;
const blockHeaderBytes = 4;
const checksumBytes = 4;
const endMark = 0;
const uncompressedFlag = 0x8000_0000;
/** A byte of length adds at most so many to a copy. */
const growthMax = 255;
/** By the block descriptor's number. */
const blockSizes: readonly (number | undefined)[] = [
  ...[undefined, undefined, undefined, undefined],
  ...[64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024],
];
const blockSizeMost = 4 * 1024 * 1024;
