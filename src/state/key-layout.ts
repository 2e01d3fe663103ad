import { createHash } from 'node:crypto';
import type { Key } from '../key-groups/key.js';
import { decodeKey } from '../key-groups/key-decoding.js';
import type { KeyEncoder } from '../key-groups/key-encoding.js';
import type { ByteWriter } from './byte-writer.js';

/**
 * Where a cell of keyed state lies in the base. Invariant: a key group is one contiguous range of keys, so
 * that rescaling copies ranges; within it a state, and within that a user's key, so that a list or map is one
 * range too. This is a file format: a change would lose every state written before.
 *
 *   value     key group u16 | state u16 | size u16, key
 *   list      key group u16 | state u16 | size u16, key | (its bounds) or position u48
 *   map       key group u16 | state u16 | size u16, key | map key
 *   timer     key group u16 | state u16 | timestamp u64 | key
 *
 * The cells of a state with TTL end in the time of their last update (see cell-format).
 * All big endian; keys and map keys as `encodeKey` writes them. LMDB's keys end at 1,978 bytes, so one longer
 * than `inlineKeyBytesMax` is replaced by its address: 0xff, which begins no encoded key, and 20 bytes of its
 * SHA-256. It then stands whole (size u32, bytes) before the cell's value; list elements do without.
 */
export const inlineKeyBytesMax = 900;

const addressTag = 0xff;
const addressHashBytes = 20;

/** Key group 0xffff never exists (maxParallelism ends at 32,768): what is below it belongs to the store itself. */
export const reservedKeyGroup = 0xffff;

/** Appends `key group | state`, the range of one state within one key group. */
export function appendStateRange(writer: ByteWriter, keyGroup: number, stateId: number): void {
  writer.u16(keyGroup);
  writer.u16(stateId);
}

/** Appends `key group | state | size, key`, and returns whether the key is replaced by its address. */
export function appendKeyRange(
  writer: ByteWriter,
  keyGroup: number,
  stateId: number,
  encoder: KeyEncoder,
  key: Key,
): boolean {
  writer.u16(keyGroup);
  writer.u16(stateId);
  const size = encoder.encode(key);
  if (size <= inlineKeyBytesMax) {
    writer.u16(size);
    writer.append(encoder.bytes, size);
    return false;
  }
  writer.u16(1 + addressHashBytes);
  appendAddress(writer, encoder.bytes.subarray(0, size));
  return true;
}

/** The key that a value's, list's or map's cell belongs to; undefined where its place has only its address. */
export function readKeyOfRange(cellKey: Buffer): Key | undefined {
  if (isAddress(cellKey, rangeKeyOffset)) return undefined;
  return decodeKey(keyRangeOfCell(cellKey).subarray(rangeKeyOffset));
}

/** What the cells of a value's, list's or map's key begin with, that of the cell. */
export function keyRangeOfCell(cellKey: Buffer): Buffer {
  return cellKey.subarray(0, rangeKeyOffset + cellKey.readUInt16BE(4));
}

/** The key that a value's or map's cell belongs to, or a list's bounds; its elements have only the key's address. */
export function keyOfCell({ key, value }: { readonly key: Buffer; readonly value: Buffer }): Key {
  return readKeyOfRange(key) ?? readWholeKey(value, 0);
}

/** Behind `key group | state | size`. */
const rangeKeyOffset = 6;

export function appendListPosition(writer: ByteWriter, position: number): void {
  writer.u16(Math.floor(position / 2 ** 32));
  writer.u32(position % 2 ** 32);
}

export function readListPosition(cellKey: Buffer, at: number): number {
  return cellKey.readUIntBE(at, 6);
}

/** Appends a map key, and returns whether it is replaced by its address. */
export function appendMapKey(writer: ByteWriter, encoder: KeyEncoder, mapKey: string | number): boolean {
  const size = encoder.encode(mapKey);
  if (size <= inlineKeyBytesMax) {
    writer.append(encoder.bytes, size);
    return false;
  }
  appendAddress(writer, encoder.bytes.subarray(0, size));
  return true;
}

/** Appends what of a timer follows `key group | state`. */
export function appendTimestamp(writer: ByteWriter, timestamp: number): void {
  const high = Math.floor(timestamp / 2 ** 32);
  writer.u32((high ^ signBit) >>> 0);
  writer.u32(timestamp - high * 2 ** 32);
}

export function readTimestamp(cellKey: Buffer, at: number): number {
  const high = (cellKey.readUInt32BE(at) ^ signBit) | 0;
  return high * 2 ** 32 + cellKey.readUInt32BE(at + 4);
}

/** Negative timestamps sort before positive ones. */
const signBit = 0x8000_0000;

/** Where the key of a timer's cell begins. */
export const timerKeyOffset = 12;

export function appendTimerKey(writer: ByteWriter, encoder: KeyEncoder, key: Key): boolean {
  const size = encoder.encode(key);
  if (size <= inlineKeyBytesMax) {
    writer.append(encoder.bytes, size);
    return false;
  }
  appendAddress(writer, encoder.bytes.subarray(0, size));
  return true;
}

function appendAddress(writer: ByteWriter, encodedKey: Uint8Array): void {
  writer.u8(addressTag);
  writer.append(createHash('sha256').update(encodedKey).digest(), addressHashBytes);
}

export function isAddress(bytes: Buffer, at: number): boolean {
  return bytes[at] === addressTag;
}

/** A key that stands whole before a cell's value, because the cell's key has only its address. */
export function appendWholeKey(writer: ByteWriter, encoder: KeyEncoder, key: Key): void {
  const size = encoder.encode(key);
  writer.u32(size);
  writer.append(encoder.bytes, size);
}

/** Where the value begins that follows the whole key at `at`. */
export function skipWholeKey(cellValue: Buffer, at: number): number {
  return at + 4 + cellValue.readUInt32BE(at);
}

export function readWholeKey(cellValue: Buffer, at: number): Key {
  return decodeKey(cellValue.subarray(at + 4, skipWholeKey(cellValue, at)));
}

/**
 * The first key after all that begin with `prefix`, appended.
 * @throws RangeError when there is none; no key group or state is 0xffff, so that can't be.
 */
export function appendEndOfRange(writer: ByteWriter, prefix: Uint8Array): void {
  let last = prefix.length - 1;
  while (last >= 0 && prefix[last] === 0xff) last -= 1;
  if (last < 0) throw new RangeError('A range of keys has no end.');
  writer.append(prefix, last + 1);
  writer.bytes[writer.length - 1] = prefix[last]! + 1;
}
