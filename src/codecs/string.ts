import { decodeUtf8 } from './utf8.js';
import type { ValueCodec } from './value-codec.js';

/** Text in UTF-8. Malformed UTF-8 is refused, and so is a lone surrogate, which UTF-8 can't hold. */
export function string(): ValueCodec<string> {
  return stringCodec;
}

const stringCodec: ValueCodec<string> = {
  decode: decodeUtf8,

  encode(value) {
    if (loneSurrogate.test(value)) {
      throw new TypeError('The text holds a lone surrogate, which UTF-8 has no bytes for.');
    }
    return Buffer.from(value, 'utf8');
  },
};

const loneSurrogate = /\p{Surrogate}/u;
