import { readNumber } from './json-number.js';
import {
  containerDepthMax,
  endOfUnescapedName,
  isNamed,
  skipColon,
  skipNumber,
  skipPlain,
  skipValue,
  skipWhitespace,
} from './json-tokens.js';
import type { FieldFinder } from './value-codec.js';

// Not shared by import: an imported constant is loaded from its module at each use, and these are used for each name.
const rejected = -1;
const quote = 0x22;
const comma = 0x2c;
const openBrace = 0x7b;

/**
 * Finds one field of a JSON object without decoding the rest. Invariant: what it finds is what JSON.parse would give
 * in that field, if the text is well-formed at all. Where it can't be sure of that (the value is of another type, is
 * escaped or beyond ASCII; the name may come a second time, and the last one counts) it finds nothing.
 */
abstract class JsonFieldFinder<T> implements FieldFinder<T> {
  /** Behind the value last found. */
  protected valueEnd = 0;
  private readonly name: Buffer;
  /** Every further field of this name, in whatever object, ends with these bytes before its colon. */
  private readonly nameAndQuote: Buffer;
  private readonly containers = new Uint8Array(containerDepthMax);

  /** @param name in ASCII, without characters that JSON escapes. */
  constructor(name: string) {
    this.name = Buffer.from(name, 'latin1');
    this.nameAndQuote = Buffer.from(`${name}"`, 'latin1');
  }

  find(data: Buffer, start: number, end: number): T | undefined {
    let at = skipWhitespace(data, start);
    if (data[at] !== openBrace) return undefined;
    at = skipWhitespace(data, at + 1);
    while (at < end && data[at] === quote) {
      const nameStart = at + 1;
      const nameEnd = endOfUnescapedName(data, nameStart);
      if (nameEnd === rejected) return undefined;
      at = skipColon(data, nameEnd + 1);
      if (at === rejected) return undefined;
      if (isNamed(this.name, data, nameStart, nameEnd)) return this.readValue(data, at, end);
      at = skipValue(data, at, this.containers);
      if (at === rejected) return undefined;
      at = skipWhitespace(data, at);
      if (data[at] !== comma) return undefined;
      at = skipWhitespace(data, at + 1);
    }
    return undefined;
  }

  isLastOfItsName(data: Buffer, end: number): boolean {
    const rest = data.subarray(this.valueEnd, end);
    return rest.indexOf(this.nameAndQuote) === -1 && rest.indexOf(unicodeEscape) === -1;
  }

  /** Sets `valueEnd` when it finds one. */
  protected abstract readValue(data: Buffer, start: number, end: number): T | undefined;
}

/** A name could be spelt with escapes, of which only this kind can stand for an ordinary character. */
const unicodeEscape = Buffer.from('\\u');

/** Finds strings in ASCII without escapes. */
export class JsonStringFinder extends JsonFieldFinder<string> {
  protected readValue(data: Buffer, start: number, end: number): string | undefined {
    if (data[start] !== quote) return undefined;
    const at = skipPlain(data, start + 1);
    if (data[at] !== quote || at >= end) return undefined;
    this.valueEnd = at + 1;
    return data.latin1Slice(start + 1, at);
  }
}

/** Finds whole numbers that a double holds exactly. */
export class JsonIntegerFinder extends JsonFieldFinder<number> {
  protected readValue(data: Buffer, start: number, end: number): number | undefined {
    const at = skipNumber(data, start);
    // A number may go on behind the text, so there has to be something of the text behind it.
    if (at === rejected || at >= end) return undefined;
    this.valueEnd = at;
    const value = readNumber(data, start, at);
    return Number.isSafeInteger(value) ? value : undefined;
  }
}
