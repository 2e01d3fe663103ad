import { decodeUtf8 } from './utf8.js';
import type { ValueCodec } from './value-codec.js';

/**
 * JSON in UTF-8. The type is the caller's promise: the text is parsed, not checked against it. Malformed
 * UTF-8 and malformed JSON are refused, never repaired.
 */
export function json<T>(): ValueCodec<T> {
  return new JsonCodec<T>();
}

class JsonCodec<T> implements ValueCodec<T> {
  decode(bytes: Buffer, start: number, end: number): T {
    return JSON.parse(decodeUtf8(bytes, start, end)) as T;
  }

  encode(value: T): Uint8Array {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) {
      throw new TypeError(
        `JSON has no text for ${typeof value}: give the sink an object, array, string, number, boolean or null.`,
      );
    }
    return Buffer.from(text, 'utf8');
  }
}
