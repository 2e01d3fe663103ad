/**
 * Snappy as Java's clients write it (the "xerial" stream): a header of 16 bytes, then blocks, each behind its
 * length. Other clients write one raw block without a header; both are read.
 */
const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The magic and two int32: the version of the format, and the oldest that can read it. */
const headerBytes = 16;
const lengthBytes = 4;
const version = 1;

/** One block behind a header. */
export function frameSnappy(block: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(headerBytes + lengthBytes + block.length);
  magic.copy(framed);
  framed.writeInt32BE(version, 8);
  framed.writeInt32BE(version, 12);
  framed.writeInt32BE(block.length, headerBytes);
  framed.set(block, headerBytes + lengthBytes);
  return framed;
}

/** @throws RangeError where a length is impossible, and whatever `uncompress` throws. */
export function unframeSnappy(
  bytes: Buffer,
  uncompress: (block: Buffer) => Buffer,
  bytesMax: number,
): Buffer {
  const blocks = hasHeader(bytes, 0) ? framedBlocks(bytes) : [bytes];
  let total = 0;
  for (const block of blocks) total += uncompressedBytes(block);
  if (total > bytesMax) throw new RangeError(`It holds ${total} bytes, more than ${bytesMax}.`);
  const [only] = blocks;
  return blocks.length === 1 && only !== undefined ? uncompress(only) : Buffer.concat(blocks.map(uncompress));
}

function framedBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    // Streams may follow each other, each with its header.
    if (hasHeader(bytes, at)) {
      at += headerBytes;
      continue;
    }
    const start = at + lengthBytes;
    const length = start <= bytes.length ? bytes.readInt32BE(at) : -1;
    if (length < 0 || start + length > bytes.length)
      throw new RangeError('A block is longer than what holds it.');
    blocks.push(bytes.subarray(start, start + length));
    at = start + length;
  }
  return blocks;
}

function hasHeader(bytes: Buffer, at: number): boolean {
  return (
    at + headerBytes <= bytes.length && bytes.compare(magic, 0, magic.length, at, at + magic.length) === 0
  );
}

/** A raw block begins with its length uncompressed, a base-128 number; believed only for the bound. */
function uncompressedBytes(block: Buffer): number {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  throw new RangeError('A block does not begin with its length.');
}
