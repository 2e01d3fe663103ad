import type { ValueCodec } from './value-codec.js';

/** A codec whose null is a log record's null: a tombstone, or a key that is missing. */
export function nullable<T>(codec: ValueCodec<T>): ValueCodec<T | null> {
  return {
    decode: (bytes, start, end) => codec.decode(bytes, start, end),
    decodeNull: () => null,
    encode: (value) => (value === null ? null : codec.encode(value)),
  };
}
