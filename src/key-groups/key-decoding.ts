import { MillraceError } from '../protocol/failures.js';
import type { Key, PrimitiveKey } from './key.js';
import { bigintZero, escapeSuffix, KeyTag, signBit, terminator } from './key-encoding.js';

/**
 * The key that `encodeKey` made these bytes of; byte strings come back as Uint8Arrays of their own.
 * @throws MillraceError where the bytes are no encoded key (a damaged file).
 */
export function decodeKey(bytes: Uint8Array): Key {
  const reader = new KeyReader(bytes);
  const key = reader.key();
  if (reader.at !== bytes.length) throw damaged(bytes, reader.at);
  return key;
}

class KeyReader {
  at = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  key(): Key {
    if (this.bytes[this.at] !== KeyTag.tuple) return this.primitive();
    this.at += 1;
    const items: PrimitiveKey[] = [];
    while (this.bytes[this.at] !== terminator) items.push(this.primitive());
    this.at += 1;
    return items;
  }

  private primitive(): PrimitiveKey {
    const tag = this.bytes[this.at++];
    switch (tag) {
      case KeyTag.false:
        return false;
      case KeyTag.true:
        return true;
      case KeyTag.number:
        return this.number();
      case KeyTag.bigint:
        return this.bigint();
      case KeyTag.string:
        return this.string();
      case KeyTag.bytes:
        return Uint8Array.from(this.unescaped());
      default:
        throw damaged(this.bytes, this.at - 1);
    }
  }

  private number(): number {
    const start = this.advance(8);
    const high = this.view.getInt32(start);
    const low = this.view.getInt32(start + 4);
    const scratch = new DataView(new ArrayBuffer(8));
    const wasNegative = high >= 0;
    scratch.setInt32(0, wasNegative ? ~high : high ^ signBit);
    scratch.setInt32(4, wasNegative ? ~low : low);
    return scratch.getFloat64(0);
  }

  private bigint(): bigint {
    const signedSize = this.view.getUint16(this.advance(2)) - bigintZero;
    const size = Math.abs(signedSize);
    const start = this.advance(size);
    const inversion = signedSize < 0 ? 0xff : 0;
    let hex = '0x0';
    for (let i = start; i < start + size; i++) {
      hex += (this.bytes[i]! ^ inversion).toString(16).padStart(2, '0');
    }
    return signedSize < 0 ? -BigInt(hex) : BigInt(hex);
  }

  private string(): string {
    const encoded = this.unescaped();
    let text = '';
    for (let i = 0; i < encoded.length; ) {
      const first = encoded[i]!;
      if (first < 0x80) {
        text += String.fromCharCode(first);
        i += 1;
      } else if (first < 0xe0) {
        text += String.fromCharCode(((first & 0x1f) << 6) | (encoded[i + 1]! & 0x3f));
        i += 2;
      } else {
        const high = ((first & 0x0f) << 12) | ((encoded[i + 1]! & 0x3f) << 6);
        text += String.fromCharCode(high | (encoded[i + 2]! & 0x3f));
        i += 3;
      }
    }
    return text;
  }

  /** The bytes up to the terminator. */
  private unescaped(): number[] {
    const result: number[] = [];
    for (;;) {
      const byte = this.bytes[this.advance(1)]!;
      if (byte !== terminator) result.push(byte);
      else if (this.bytes[this.at] === escapeSuffix) {
        result.push(byte);
        this.at += 1;
      } else return result;
    }
  }

  /** Moves past `count` bytes and returns where they begin. */
  private advance(count: number): number {
    const start = this.at;
    if (start + count > this.bytes.length) throw damaged(this.bytes, start);
    this.at = start + count;
    return start;
  }
}

function damaged(bytes: Uint8Array, at: number): MillraceError {
  return new MillraceError(
    `A stored key can't be read: byte ${at} of ${bytes.length} is not what its encoding says. The state is damaged; restore it from a savepoint or a copy.`,
    { domain: 'internal', action: 'fail-job' },
  );
}
