/**
 * The bytes of a plain value within an exchange buffer. The first byte of a value says what follows; all
 * numbers are little endian. Invariant: what is read is equal to what was written, in every bit that
 * JavaScript can see (-0, NaN, lone surrogates, `undefined` fields and their order), since a record that
 * stays on its thread is not copied at all, and both must look alike to the function that gets them.
 *
 *   0x00–0x7f  the integer 0–127
 *   0x80–0xbf  a string of 0–63 characters up to U+00FF, one byte each
 *
 * Text is either one byte a character or UTF-16, never UTF-8: both are read by a plain copy.
 */
export const ValueTag = {
  shortString: 0x80,
  null: 0xc0,
  undefined: 0xc1,
  false: 0xc2,
  true: 0xc3,
  /** u16 */
  uint16: 0xc4,
  /** i32 */
  int32: 0xc5,
  /** f64 */
  float64: 0xc6,
  /** u32 characters, one byte each. */
  oneByteString: 0xc7,
  /** u32 code units, two bytes each. */
  twoByteString: 0xc8,
  /** i64 */
  bigint64: 0xc9,
  /** A string value: the decimal digits. */
  largeBigint: 0xca,
  /** f64 of its time. */
  date: 0xcb,
  /** u32 length, the bytes. */
  bytes: 0xcc,
  /** The same, and read as a Buffer again. */
  buffer: 0xcd,
  /** u8 count, the elements. */
  shortArray: 0xce,
  /** u32 count, the elements. */
  array: 0xcf,
  /** u32 count, key and value in turn. */
  map: 0xd0,
  /** u32 count, the elements. */
  set: 0xd1,
  /** u8 shape, its fields' values: an object whose shape this buffer has defined before. */
  object: 0xd2,
  /** u32 bytes, as many of the fields' names as strings; then the fields' values. Defines the buffer's next shape. */
  shapedObject: 0xd3,
  /** u32 count, name and value in turn: an object whose fields are its data. */
  dictionary: 0xd4,
  /** u32 length, the bytes: a record as its source read it, still encoded. */
  encodedRecord: 0xd5,
} as const;

export const shortStringLengthMax = 63;
/** A shape's number within its buffer is one byte. */
export const shapesPerBufferMax = 256;
