/** Writes the primitive types of Kafka's protocol, big-endian, into a buffer that grows. */
export class WireWriter {
  private bytes: Buffer;
  private end = 0;

  constructor(initialBytes = 256) {
    this.bytes = Buffer.allocUnsafe(initialBytes);
  }

  int8(value: number): this {
    this.ensureRoom(1);
    this.end = this.bytes.writeInt8(value, this.end);
    return this;
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0);
  }

  int16(value: number): this {
    this.ensureRoom(2);
    this.end = this.bytes.writeInt16BE(value, this.end);
    return this;
  }

  int32(value: number): this {
    this.ensureRoom(4);
    this.end = this.bytes.writeInt32BE(value, this.end);
    return this;
  }

  int64(value: number | bigint): this {
    this.ensureRoom(8);
    this.end = this.bytes.writeBigInt64BE(BigInt(value), this.end);
    return this;
  }

  string(value: string): this {
    const byteLength = Buffer.byteLength(value);
    this.int16(byteLength).ensureRoom(byteLength);
    this.end += this.bytes.write(value, this.end);
    return this;
  }

  nullableString(value: string | null): this {
    return value === null ? this.int16(-1) : this.string(value);
  }

  /** The form of the flexible versions: length + 1 as an unsigned varint, 0 for null. */
  compactNullableString(value: string | null): this {
    if (value === null) return this.unsignedVarint(0);
    const byteLength = Buffer.byteLength(value);
    this.unsignedVarint(byteLength + 1).ensureRoom(byteLength);
    this.end += this.bytes.write(value, this.end);
    return this;
  }

  array<T>(items: readonly T[], writeItem: (item: T) => void): this {
    this.int32(items.length);
    for (const item of items) writeItem(item);
    return this;
  }

  /** No tagged fields follow. */
  noTaggedFields(): this {
    return this.int8(0);
  }

  finish(): Buffer {
    return this.bytes.subarray(0, this.end);
  }

  private unsignedVarint(value: number): this {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    return this.byte(rest);
  }

  private byte(value: number): this {
    this.ensureRoom(1);
    this.bytes[this.end++] = value;
    return this;
  }

  private ensureRoom(byteLength: number): void {
    const needed = this.end + byteLength;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(grown, 0, 0, this.end);
    this.bytes = grown;
  }
}
