import { isUtf8 } from 'node:buffer';

/**
 * Decodes UTF-8, exactly or not at all: Node's own decoding replaces malformed bytes by U+FFFD without a
 * word, and two different keys could become one.
 * @throws MalformedUtf8Error
 */
export function decodeUtf8(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  // Text of one character a byte is ASCII, or holds a replacement character. Searching a one-byte string
  // for U+FFFD ends at once, so the common case costs nothing; other text is validated as bytes, which is
  // faster than searching it.
  const isWellFormed =
    text.length === end - start ? !text.includes('\ufffd') : isUtf8(bytes.subarray(start, end));
  if (!isWellFormed) throw new MalformedUtf8Error();
  return text;
}

export class MalformedUtf8Error extends Error {
  override readonly name = 'MalformedUtf8Error';
  constructor() {
    super('The bytes are not well-formed UTF-8.');
  }
}
