/**
 * The most bytes that zstd frames (RFC 8878) can hold, found by going through their block headers; nothing
 * is unpacked. A megabyte of blocks may stand for gigabytes, and the decoder has no limit of its own, so
 * what is not bounded beforehand ends the process instead of the job.
 *
 * @throws RangeError where the bytes are no whole frames.
 */
export function zstdSizeBound(bytes: Buffer): number {
  let bound = 0;
  for (let at = 0; at < bytes.length; ) {
    const magic = bytes.readUInt32LE(at);
    if (magic === frameMagic) {
      const frame = readFrame(bytes, at);
      bound += frame.sizeBound;
      at = frame.end;
    } else if ((magic & skippableMask) >>> 0 === skippableMagic) {
      at += frameHeadBytes + bytes.readUInt32LE(at + magicBytes);
    } else {
      throw new RangeError('It holds something else than frames.');
    }
  }
  return bound;
}

interface Frame {
  readonly sizeBound: number;
  readonly end: number;
}

function readFrame(bytes: Buffer, start: number): Frame {
  const descriptor = bytes.readUInt8(start + magicBytes);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdBytes = dictionaryIdSizes[descriptor & 0x03] as number;
  const contentSizeBytes =
    isSingleSegment && descriptor < 0x40 ? 1 : (contentSizeSizes[descriptor >> 6] as number);
  let at = start + magicBytes + 1 + (isSingleSegment ? 0 : 1) + dictionaryIdBytes;
  const contentSize = readContentSize(bytes, at, contentSizeBytes);
  at += contentSizeBytes;
  let blocks = 0;
  for (let isLast = false; !isLast; ) {
    const header = bytes.readUIntLE(at, blockHeaderBytes);
    isLast = (header & 1) === 1;
    const size = header >> 3;
    const isRepeatedByte = ((header >> 1) & 0x03) === repeatedByteBlock;
    blocks += ((header >> 1) & 0x03) === compressedBlock ? blockSizeMax : size;
    at += blockHeaderBytes + (isRepeatedByte ? 1 : size);
  }
  const hasChecksum = (descriptor & 0x04) !== 0;
  // The header's own claim is what a decoder may allocate.
  return { sizeBound: Math.max(blocks, contentSize), end: at + (hasChecksum ? checksumBytes : 0) };
}

function readContentSize(bytes: Buffer, at: number, sizeBytes: number): number {
  switch (sizeBytes) {
    case 0:
      return 0;
    case 2:
      return bytes.readUInt16LE(at) + 256;
    case 8:
      return Number(bytes.readBigUInt64LE(at));
    default:
      return bytes.readUIntLE(at, sizeBytes);
  }
}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const skippableMask = 0xfffffff0;
const magicBytes = 4;
/** Of a skippable frame: the magic and its length. */
const frameHeadBytes = 8;
const blockHeaderBytes = 3;
const checksumBytes = 4;
const repeatedByteBlock = 1;
const compressedBlock = 2;
/** Of what a block stands for. */
const blockSizeMax = 128 * 1024;
/** By the flags of the frame's descriptor. */
const dictionaryIdSizes = [0, 1, 2, 4] as const;
const contentSizeSizes = [0, 2, 4, 8] as const;
