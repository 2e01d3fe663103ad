import { MillraceError } from '../protocol/failures.js';
import type { Key, PrimitiveKey } from './key.js';

/**
 * Keys as bytes. Invariants: two keys have the same bytes exactly when a JavaScript Map takes them for the
 * same key (so -0 is 0, and NaN is one key); bytes compare as the keys do; no encoding is a prefix of another.
 * The bytes are a file format: they choose the key group and address the state, so a change would lose both.
 *
 *   boolean  0x10 | 0x11
 *   number   0x20, 8 bytes: the IEEE double, big endian, sign bit flipped, negatives inverted. NaN is last.
 *   bigint   0x30, 2 bytes: 0x8000 ± byte length of the magnitude; the magnitude, big endian (inverted if < 0).
 *   string   0x40, each UTF-16 code unit as the UTF-8 of its own, escaped, 0x00
 *   bytes    0x50, the bytes, escaped, 0x00
 *   tuple    0x60, its items, 0x00
 *
 * Escaped: 0x00 becomes 0x00 0xff, which sorts after the terminator and before everything else, as no tag is
 * 0xff. Strings are encoded by code unit (and not by code point) so that the order is that of JavaScript's
 * `<`, and lone surrogates stay apart; text without surrogates is plain UTF-8. Types sort in the tags' order.
 */
export class KeyEncoder {
  /** Valid up to the length that `encode` returned, until its next call. */
  bytes = new Uint8Array(initialScratchBytes);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  /**
   * Encodes into `bytes` and returns the length.
   * @throws MillraceError for anything that is not a Key.
   */
  encode(key: Key): number {
    this.length = 0;
    if (Array.isArray(key)) this.tuple(key);
    else this.primitive(key as PrimitiveKey);
    return this.length;
  }

  private tuple(items: readonly PrimitiveKey[]): void {
    this.reserve(1);
    this.bytes[this.length++] = KeyTag.tuple;
    for (const item of items) this.primitive(item);
    this.reserve(1);
    this.bytes[this.length++] = terminator;
  }

  private primitive(key: PrimitiveKey): void {
    if (typeof key === 'string') this.string(key);
    else if (typeof key === 'number') this.number(key);
    else if (typeof key === 'bigint') this.bigint(key);
    else if (typeof key === 'boolean') {
      this.reserve(1);
      this.bytes[this.length++] = key ? KeyTag.true : KeyTag.false;
    } else if (key instanceof Uint8Array) this.byteString(key);
    else throw notAKey(key);
  }

  private string(text: string): void {
    this.reserve(text.length * maxBytesPerCodeUnit + 2);
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = KeyTag.string;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) {
        bytes[at++] = unit;
        if (unit === 0) bytes[at++] = escapeSuffix;
      } else if (unit < 0x800) {
        bytes[at++] = 0xc0 | (unit >> 6);
        bytes[at++] = 0x80 | (unit & 0x3f);
      } else {
        bytes[at++] = 0xe0 | (unit >> 12);
        bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
        bytes[at++] = 0x80 | (unit & 0x3f);
      }
    }
    bytes[at++] = terminator;
    this.length = at;
  }

  private byteString(source: Uint8Array): void {
    this.reserve(source.length * 2 + 2);
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = KeyTag.bytes;
    for (const byte of source) {
      bytes[at++] = byte;
      if (byte === 0) bytes[at++] = escapeSuffix;
    }
    bytes[at++] = terminator;
    this.length = at;
  }

  private number(value: number): void {
    this.reserve(9);
    this.bytes[this.length] = KeyTag.number;
    // Adding 0 turns -0 into 0; a NaN gets one sign, since its bits are otherwise up to the engine.
    this.view.setFloat64(this.length + 1, value + 0);
    if (Number.isNaN(value)) this.view.setBigUint64(this.length + 1, canonicalNaN);
    const high = this.view.getInt32(this.length + 1);
    if (high < 0) {
      this.view.setInt32(this.length + 1, ~high);
      this.view.setInt32(this.length + 5, ~this.view.getInt32(this.length + 5));
    } else {
      this.view.setInt32(this.length + 1, high ^ signBit);
    }
    this.length += 9;
  }

  private bigint(value: bigint): void {
    const negative = value < 0n;
    const hex = value === 0n ? '' : (negative ? -value : value).toString(16);
    const size = (hex.length + 1) >> 1;
    if (size > bigintBytesMax) {
      throw new MillraceError(`A bigint key has ${size} bytes; at most ${bigintBytesMax} can be a key.`, {
        domain: 'user-code',
        action: 'fail-job',
      });
    }
    this.reserve(3 + size);
    this.bytes[this.length] = KeyTag.bigint;
    this.view.setUint16(this.length + 1, bigintZero + (negative ? -size : size));
    const digits = hex.padStart(size * 2, '0');
    const inversion = negative ? 0xff : 0;
    for (let i = 0; i < size; i++) {
      const byte = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16);
      this.bytes[this.length + 3 + i] = byte ^ inversion;
    }
    this.length += 3 + size;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

export const KeyTag = {
  false: 0x10,
  true: 0x11,
  number: 0x20,
  bigint: 0x30,
  string: 0x40,
  bytes: 0x50,
  tuple: 0x60,
} as const;

export const terminator = 0x00;
export const escapeSuffix = 0xff;
export const bigintZero = 0x8000;
export const signBit = 0x8000_0000;

const bigintBytesMax = 0x7fff;
const canonicalNaN = 0x7ff8_0000_0000_0000n;
const maxBytesPerCodeUnit = 3;
/** Holds most keys from the start; grows to the largest seen. */
const initialScratchBytes = 256;

let sharedEncoder: KeyEncoder | undefined;

/** The key's bytes, in an array of their own. For the hot path use a `KeyEncoder`, which does not allocate. */
export function encodeKey(key: Key): Uint8Array {
  sharedEncoder ??= new KeyEncoder();
  const length = sharedEncoder.encode(key);
  return sharedEncoder.bytes.slice(0, length);
}

function notAKey(value: unknown): MillraceError {
  const what =
    value === null || value === undefined
      ? String(value)
      : Array.isArray(value)
        ? 'a tuple within a tuple'
        : typeof value === 'object'
          ? `an object of ${value.constructor?.name ?? 'no'} class`
          : `a ${typeof value}`;
  return new MillraceError(
    `A key is ${what}. Keys are strings, numbers, bigints, booleans, Uint8Arrays, or an array of these: let the key selector return one (for an object, its identifying fields as an array).`,
    { domain: 'user-code', action: 'fail-job' },
  );
}
