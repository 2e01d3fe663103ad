/**
 * Reads the primitive types of Kafka's protocol. Reading past the end throws a RangeError, as `Buffer`
 * does: an answer that is cut off or of another version must not be taken for a valid one.
 */
export class WireReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  int8(): number {
    const value = this.bytes.readInt8(this.at);
    this.at += 1;
    return value;
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  int16(): number {
    const value = this.bytes.readInt16BE(this.at);
    this.at += 2;
    return value;
  }

  int32(): number {
    const value = this.bytes.readInt32BE(this.at);
    this.at += 4;
    return value;
  }

  int64(): bigint {
    const value = this.bytes.readBigInt64BE(this.at);
    this.at += 8;
    return value;
  }

  /** For offsets and times, which a number holds. */
  int64AsNumber(): number {
    return Number(this.int64());
  }

  string(): string {
    return this.nullableString() ?? '';
  }

  nullableString(): string | null {
    const byteLength = this.int16();
    return byteLength < 0 ? null : this.take(byteLength).toString('utf8');
  }

  /** A view, not a copy; empty where the field is null. */
  byteField(): Buffer {
    return this.take(Math.max(this.int32(), 0));
  }

  array<T>(readItem: () => T): T[] {
    const count = this.int32();
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(readItem());
    return items;
  }

  skipTaggedFields(): void {
    for (let count = this.unsignedVarint(); count > 0; count--) {
      this.unsignedVarint();
      this.take(this.unsignedVarint());
    }
  }

  private unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = this.bytes.readUInt8(this.at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value >>> 0;
  }

  private take(byteLength: number): Buffer {
    const end = this.at + byteLength;
    if (end > this.bytes.length) {
      throw new RangeError(
        `A field of ${byteLength} bytes at ${this.at} passes the end of an answer of ${this.bytes.length}.`,
      );
    }
    const view = this.bytes.subarray(this.at, end);
    this.at = end;
    return view;
  }
}
