import { assertPlain, builtInKind, isPlainObject, nestingMax } from '../protocol/plain-value.js';
import type { ByteWriter } from './byte-writer.js';

/**
 * Values as bytes in state. Invariant: what is decoded equals what was encoded in every respect that a
 * program can see, -0, NaN, lone surrogates and the difference of Map and object included; otherwise a job
 * would compute something else after a restart than before. And each value describes itself, without a table
 * of structures beside it: segments and base cells are moved, merged and deleted one by one.
 *
 * The bytes are MessagePack, so that any tool can read most of them: integers in 32 bits as its integers,
 * other numbers as float64, bigints as its 64-bit integers, objects as maps; and these extension types:
 */
export const ExtensionType = {
  /** One zero byte, as msgpackr writes it. */
  undefined: 0x00,
  /** A bigint beyond 64 bits: two's complement, big endian. */
  bigint: 0x42,
  /** float64, epoch milliseconds; NaN for an invalid date. */
  date: 0x44,
  /** Keys and values in turn. */
  map: 0x4d,
  set: 0x53,
  /** A string with lone surrogates, which UTF-8 can't hold: its UTF-16 code units, little endian. */
  utf16: 0x55,
} as const;

/**
 * Appends one value.
 * @throws MillraceError when it is not plain, naming `what` and the path within it.
 */
export function encodePlainValue(writer: ByteWriter, value: unknown, what: string): void {
  const start = writer.length;
  if (encode(writer, value, 0)) return;
  writer.length = start;
  assertPlain(value, what);
  throw new Error(`${what} could not be encoded, although it is plain.`);
}

/** False when the value is not plain; what was written is then of no use. */
function encode(writer: ByteWriter, value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      encodeString(writer, value);
      return true;
    case 'number':
      encodeNumber(writer, value);
      return true;
    case 'boolean':
      writer.u8(value ? 0xc3 : 0xc2);
      return true;
    case 'undefined':
      writer.reserve(3);
      writer.bytes[writer.length++] = 0xd4;
      writer.bytes[writer.length++] = ExtensionType.undefined;
      writer.bytes[writer.length++] = 0;
      return true;
    case 'bigint':
      encodeBigint(writer, value);
      return true;
    case 'object':
      return value === null ? encodeNull(writer) : encodeObject(writer, value, depth);
    default:
      return false;
  }
}

function encodeNull(writer: ByteWriter): true {
  writer.u8(0xc0);
  return true;
}

function encodeObject(writer: ByteWriter, value: object, depth: number): boolean {
  if (depth > nestingMax) return false;
  if (Object.getPrototypeOf(value) === Object.prototype) {
    return encodeFields(writer, value as Record<string, unknown>, depth);
  }
  switch (builtInKind(value)) {
    case 'array':
      return encodeItems(writer, value as unknown[], depth);
    case 'bytes':
      encodeBytes(writer, value as Uint8Array);
      return true;
    case 'date':
      writer.reserve(10);
      writer.bytes[writer.length++] = 0xd7;
      writer.bytes[writer.length++] = ExtensionType.date;
      writer.length = writer.bytes.writeDoubleBE((value as Date).getTime(), writer.length);
      return true;
    case 'map': {
      const items: unknown[] = [];
      for (const [key, item] of value as Map<unknown, unknown>) items.push(key, item);
      return encodeItemsAsExtension(writer, ExtensionType.map, items, depth);
    }
    case 'set':
      return encodeItemsAsExtension(writer, ExtensionType.set, [...(value as Set<unknown>)], depth);
    case undefined:
      return isPlainObject(value) && encodeFields(writer, value as Record<string, unknown>, depth);
  }
}

function encodeFields(writer: ByteWriter, value: Record<string, unknown>, depth: number): boolean {
  const names = Object.keys(value);
  encodeLength(writer, names.length, 0x80, 0x0f, 0xde);
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    encodeString(writer, name);
    if (!encode(writer, value[name], depth + 1)) return false;
  }
  return true;
}

function encodeItems(writer: ByteWriter, items: readonly unknown[], depth: number): boolean {
  encodeLength(writer, items.length, 0x90, 0x0f, 0xdc);
  for (let i = 0; i < items.length; i++) {
    if (!encode(writer, items[i], depth + 1)) return false;
  }
  return true;
}

function encodeItemsAsExtension(
  writer: ByteWriter,
  type: number,
  items: readonly unknown[],
  depth: number,
): boolean {
  writer.u8(0xc9);
  const lengthAt = writer.length;
  writer.u32(0);
  writer.u8(type);
  const start = writer.length;
  if (!encodeItems(writer, items, depth)) return false;
  writer.setU32(lengthAt, writer.length - start);
  return true;
}

/** `small` is the tag that takes the length into itself; `wide` the tag of 16 bits, followed by that of 32. */
function encodeLength(
  writer: ByteWriter,
  length: number,
  small: number,
  smallMax: number,
  wide: number,
): void {
  if (length <= smallMax) {
    writer.u8(small | length);
  } else if (length < 0x1_0000) {
    writer.u8(wide);
    writer.u16(length);
  } else {
    writer.u8(wide + 1);
    writer.u32(length);
  }
}

function encodeNumber(writer: ByteWriter, value: number): void {
  writer.reserve(9);
  const bytes = writer.bytes;
  let at = writer.length;
  if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
    if (value >= -32 && value < 0x80) {
      bytes[at++] = value & 0xff;
    } else if (value >= 0 && value < 0x1_0000) {
      bytes[at++] = 0xcd;
      bytes[at++] = value >> 8;
      bytes[at++] = value;
    } else {
      bytes[at++] = 0xd2;
      bytes[at++] = value >> 24;
      bytes[at++] = value >> 16;
      bytes[at++] = value >> 8;
      bytes[at++] = value;
    }
  } else {
    bytes[at++] = 0xcb;
    scratchDouble[0] = value;
    // The platform is little endian wherever Node's prebuilt LMDB runs; read back alike, big endian in the file.
    for (let i = 7; i >= 0; i--) bytes[at++] = scratchBytes[i]!;
  }
  writer.length = at;
}

const scratchDouble = new Float64Array(1);
const scratchBytes = new Uint8Array(scratchDouble.buffer);

function encodeString(writer: ByteWriter, text: string): void {
  if (text.length <= shortStringUnits && encodeShortAscii(writer, text)) return;
  if (!(text as string & WellFormedString).isWellFormed()) {
    encodeExtensionHeader(writer, ExtensionType.utf16, text.length * 2);
    writer.reserve(text.length * 2);
    writer.length += writer.bytes.write(text, writer.length, 'utf16le');
    return;
  }
  const size = Buffer.byteLength(text);
  if (size < 32) writer.u8(0xa0 | size);
  else if (size < 0x100) {
    writer.u8(0xd9);
    writer.u8(size);
  } else encodeLength(writer, size, 0, -1, 0xda);
  writer.reserve(size);
  writer.length += writer.bytes.write(text, writer.length, 'utf8');
}

/** The common case, without a call into native code; false when there is something beyond ASCII. */
function encodeShortAscii(writer: ByteWriter, text: string): boolean {
  const size = text.length;
  writer.reserve(size + 2);
  const bytes = writer.bytes;
  let at = writer.length;
  if (size < 32) bytes[at++] = 0xa0 | size;
  else {
    bytes[at++] = 0xd9;
    bytes[at++] = size;
  }
  for (let i = 0; i < size; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return false;
    bytes[at++] = unit;
  }
  writer.length = at;
  return true;
}

/** Longer strings are faster through native code. */
const shortStringUnits = 48;

/** In Node since version 20; TypeScript's library has it from ES2024. */
interface WellFormedString {
  isWellFormed(): boolean;
}

function encodeBytes(writer: ByteWriter, value: Uint8Array): void {
  if (value.length < 0x100) {
    writer.u8(0xc4);
    writer.u8(value.length);
  } else encodeLength(writer, value.length, 0, -1, 0xc5);
  writer.append(value);
}

function encodeBigint(writer: ByteWriter, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    writer.reserve(9);
    writer.bytes[writer.length++] = 0xd3;
    writer.length = writer.bytes.writeBigInt64BE(value, writer.length);
    return;
  }
  const bytes: number[] = [];
  let rest = value;
  const end = value < 0n ? -1n : 0n;
  for (;;) {
    const byte = Number(rest & 0xffn);
    bytes.push(byte);
    rest >>= 8n;
    // The topmost bit is the sign, so it must agree with it.
    if (rest === end && (byte & 0x80) === (value < 0n ? 0x80 : 0)) break;
  }
  encodeExtensionHeader(writer, ExtensionType.bigint, bytes.length);
  writer.append(Uint8Array.from(bytes.reverse()));
}

function encodeExtensionHeader(writer: ByteWriter, type: number, length: number): void {
  writer.u8(0xc9);
  writer.u32(length);
  writer.u8(type);
}
