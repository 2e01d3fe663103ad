/**
 * Bytes appended one after another into a buffer that grows. Reused from value to value: nothing is
 * allocated while it is large enough. Multi-byte numbers are big endian.
 */
export class ByteWriter {
  /** What was written is in `[0, length)`; replaced when it grows, so not to be kept across writes. */
  bytes: Buffer;
  length = 0;

  constructor(initialBytes = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `more` bytes, so that a caller can then write to `bytes` itself. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed > this.bytes.length) this.grow(needed);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.setU16(this.length, value);
    this.length += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.setU32(this.length, value);
    this.length += 4;
  }

  append(source: Uint8Array, length = source.length): void {
    this.reserve(length);
    if (length <= shortCopyBytes) {
      const bytes = this.bytes;
      const start = this.length;
      for (let i = 0; i < length; i++) bytes[start + i] = source[i]!;
    } else {
      this.bytes.set(length === source.length ? source : source.subarray(0, length), this.length);
    }
    this.length += length;
  }

  /** Overwrites what was written or skipped before. */
  setU16(at: number, value: number): void {
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }

  setU32(at: number, value: number): void {
    const bytes = this.bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  /** A view, valid until the next write. */
  written(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** What was written, in memory of its own and exactly as long. */
  copy(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.length);
    this.bytes.copy(copy, 0, 0, this.length);
    return copy;
  }

  private grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

/** Below this a loop beats the call into native code. */
const shortCopyBytes = 48;
