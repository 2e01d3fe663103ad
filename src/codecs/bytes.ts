import type { ValueCodec } from './value-codec.js';

/** The bytes as they are. */
export function bytes(): ValueCodec<Uint8Array> {
  return bytesCodec;
}

const bytesCodec: ValueCodec<Uint8Array> = {
  decode(source, start, end) {
    // A copy, since the batch's memory is reused; and a plain Uint8Array, since a Buffer may lie in Node's
    // pool, whose memory must not be handed to another thread.
    return new Uint8Array(source.subarray(start, end));
  },

  encode(value) {
    return value;
  },
};
