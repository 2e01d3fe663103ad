/**
 * Sizes and writing of the zigzag variable-length integers in records. Reading them is part of
 * `RecordBatchCursor`, where the read position is a field, so that a value needs no pair to return.
 */

/** Bytes that `value`, an int32, takes. */
export function varintByteLength(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x20_0000) return 3;
  return zigzag < 0x1000_0000 ? 4 : 5;
}

/** Writes an int32 at `at`; answers the position after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let position = at;
  while (rest > 0x7f) {
    bytes[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[position++] = rest;
  return position;
}

const int32Max = 0x3fff_ffff;

/** Bytes that `value`, a whole number of up to 2^52, takes. */
export function varlongByteLength(value: number): number {
  if (value <= int32Max && value >= -int32Max) return varintByteLength(value);
  let rest = zigzagOf(value);
  let length = 1;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes a whole number of up to 2^52 at `at`; answers the position after it. */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value <= int32Max && value >= -int32Max) return writeVarint(bytes, at, value);
  let rest = zigzagOf(value);
  let position = at;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes[position++] = (rest % 128) | 0x80;
  bytes[position++] = rest;
  return position;
}

/** Beyond int32 the bit operators would truncate, so this is zigzag by arithmetic. */
function zigzagOf(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
