import { ExtensionType } from './plain-value-encoding.js';

/**
 * Reads one value that `encodePlainValue` wrote, filling exactly `[start, end)`; nothing of the result shares
 * memory with the bytes.
 * @throws RangeError where the bytes are no encoded value.
 */
export function decodePlainValue(bytes: Buffer, start: number, end: number): unknown {
  const reader = sharedReader;
  reader.begin(bytes, start, end);
  const value = reader.value();
  if (reader.at !== end)
    throw new RangeError(`A stored value ends at byte ${reader.at - start} of ${end - start}.`);
  return value;
}

class PlainValueReader {
  at = 0;
  private bytes: Buffer = Buffer.alloc(0);
  private end = 0;

  begin(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  value(): unknown {
    const tag = this.u8();
    if (tag < 0x80) return tag;
    if (tag < 0x90) return this.fields(tag & 0x0f);
    if (tag < 0xa0) return this.items(tag & 0x0f);
    if (tag < 0xc0) return this.text(tag & 0x1f);
    if (tag >= 0xe0) return tag - 0x100;
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.byteString(this.u8());
      case 0xc5:
        return this.byteString(this.u16());
      case 0xc6:
        return this.byteString(this.u32());
      case 0xc9:
        return this.extension(this.u32());
      case 0xcb:
        return this.double();
      case 0xcd:
        return this.u16();
      case 0xd2:
        return this.u32() | 0;
      case 0xd3:
        return this.bytes.readBigInt64BE(this.advance(8));
      case 0xd4:
        return this.extension(1);
      case 0xd7:
        return this.extension(8);
      case 0xd9:
        return this.text(this.u8());
      case 0xda:
        return this.text(this.u16());
      case 0xdb:
        return this.text(this.u32());
      case 0xdc:
        return this.items(this.u16());
      case 0xdd:
        return this.items(this.u32());
      case 0xde:
        return this.fields(this.u16());
      case 0xdf:
        return this.fields(this.u32());
      default:
        throw new RangeError(`A stored value has the unknown tag 0x${tag.toString(16)}.`);
    }
  }

  private fields(count: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) {
      const name = this.value() as string;
      const value = this.value();
      // An assignment would set the object's prototype instead.
      if (name === '__proto__') {
        Object.defineProperty(result, name, { value, writable: true, enumerable: true, configurable: true });
      } else result[name] = value;
    }
    return result;
  }

  private items(count: number): unknown[] {
    if (count > this.end - this.at) throw truncated();
    const result: unknown[] = [];
    for (let i = 0; i < count; i++) result.push(this.value());
    return result;
  }

  private text(size: number): string {
    const start = this.advance(size);
    if (size > shortTextBytes) return this.bytes.toString('utf8', start, start + size);
    let text = '';
    for (let i = start; i < start + size; i++) {
      const byte = this.bytes[i]!;
      if (byte >= 0x80) return this.bytes.toString('utf8', start, start + size);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  private byteString(size: number): Uint8Array {
    const start = this.advance(size);
    return Uint8Array.prototype.slice.call(
      new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, size),
    );
  }

  private double(): number {
    return this.bytes.readDoubleBE(this.advance(8));
  }

  private extension(size: number): unknown {
    const type = this.u8();
    switch (type) {
      case ExtensionType.undefined:
        this.advance(size);
        return undefined;
      case ExtensionType.date:
        return new Date(this.double());
      case ExtensionType.map: {
        const items = this.value() as unknown[];
        const map = new Map<unknown, unknown>();
        for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
        return map;
      }
      case ExtensionType.set:
        return new Set(this.value() as unknown[]);
      case ExtensionType.bigint:
        return this.bigint(size);
      case ExtensionType.utf16: {
        const start = this.advance(size);
        return this.bytes.toString('utf16le', start, start + size);
      }
      default:
        throw new RangeError(`A stored value has the unknown extension type 0x${type.toString(16)}.`);
    }
  }

  private bigint(size: number): bigint {
    const start = this.advance(size);
    const hex = this.bytes.toString('hex', start, start + size);
    return BigInt.asIntN(size * 8, BigInt(`0x${hex}`));
  }

  private u8(): number {
    return this.bytes[this.advance(1)]!;
  }

  private u16(): number {
    const start = this.advance(2);
    return (this.bytes[start]! << 8) | this.bytes[start + 1]!;
  }

  private u32(): number {
    return this.bytes.readUInt32BE(this.advance(4));
  }

  private advance(size: number): number {
    const start = this.at;
    if (start + size > this.end) throw truncated();
    this.at = start + size;
    return start;
  }
}

const sharedReader = new PlainValueReader();

/** Field names mostly: a loop beats the call into native code for them. */
const shortTextBytes = 16;

function truncated(): RangeError {
  return new RangeError('A stored value is cut off.');
}
