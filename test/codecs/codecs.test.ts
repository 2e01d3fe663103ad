import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { bytes } from '../../src/codecs/bytes.js';
import { json } from '../../src/codecs/json.js';
import { nullable } from '../../src/codecs/nullable.js';
import { string } from '../../src/codecs/string.js';
import { MalformedUtf8Error } from '../../src/codecs/utf8.js';
import type { CodecValue, ValueCodec } from '../../src/codecs/value-codec.js';

/** As a value lies in a fetched batch: with other bytes on both sides. */
function decodeInBatch<T>(codec: ValueCodec<T>, encoded: Uint8Array): T {
  const batch = Buffer.concat([Buffer.from([0xff, 0xc3]), encoded, Buffer.from([0xa9, 0x80])]);
  return codec.decode(batch, 2, 2 + encoded.length);
}

const unicodeText = fc.string({ unit: 'grapheme' });

describe('the JSON codec', () => {
  it('decodes what it encoded, whatever JSON holds', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const codec = json<unknown>();
        expect(decodeInBatch(codec, codec.encode(value)!)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('agrees with JSON.parse on text beyond ASCII', () => {
    fc.assert(
      fc.property(unicodeText, (text) => {
        const value = { title: text, [text]: 1 };
        expect(decodeInBatch(json(), Buffer.from(JSON.stringify(value)))).toEqual(value);
      }),
    );
  });

  it('keeps a replacement character that is really there', () => {
    expect(decodeInBatch(json(), Buffer.from('"a\ufffd"'))).toBe('a\ufffd');
    expect(decodeInBatch(string(), Buffer.from('\ufffd'))).toBe('\ufffd');
  });

  it.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['a sequence cut off', [0x22, 0xe6, 0x9d, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['malformed bytes beside text beyond ASCII', [0x22, 0xc3, 0xa9, 0xff, 0x22]],
  ])('refuses %s instead of replacing it', (_what, malformed) => {
    expect(() => decodeInBatch(json(), Buffer.from(malformed))).toThrow(MalformedUtf8Error);
  });

  it('never takes any bytes for other text than a strict decoder does', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const decodeStrictly = (encoded: Uint8Array): string | undefined => {
      try {
        return strict.decode(encoded);
      } catch {
        return undefined;
      }
    };
    const decodeOurs = (encoded: Uint8Array): string | undefined => {
      try {
        return decodeInBatch(string(), encoded);
      } catch {
        return undefined;
      }
    };
    const nearlyText = fc
      .tuple(unicodeText, fc.uint8Array({ maxLength: 2 }), unicodeText)
      .map(([before, noise, after]) => Buffer.concat([Buffer.from(before), noise, Buffer.from(after)]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), nearlyText), (encoded) => {
        expect(decodeOurs(encoded)).toBe(decodeStrictly(encoded));
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuses malformed JSON and an empty value', () => {
    expect(() => decodeInBatch(json(), Buffer.from('{"a":'))).toThrow(SyntaxError);
    expect(() => decodeInBatch(json(), Buffer.alloc(0))).toThrow(SyntaxError);
  });

  it('refuses to encode what JSON has no text for', () => {
    expect(() => json<unknown>().encode(undefined)).toThrow(/JSON has no text for undefined/);
    expect(() => json<unknown>().encode({ n: 1n })).toThrow(TypeError);
  });

  it('carries its element type', () => {
    expectTypeOf<CodecValue<ReturnType<typeof json<{ id: string }>>>>().toEqualTypeOf<{ id: string }>();
  });
});

describe('the string codec', () => {
  it('keeps every well-formed text', () => {
    fc.assert(
      fc.property(unicodeText, (text) => {
        expect(decodeInBatch(string(), string().encode(text)!)).toBe(text);
      }),
    );
  });

  it('refuses a lone surrogate, which would come back as another text', () => {
    expect(() => string().encode('a\ud800b')).toThrow(/lone surrogate/);
    expect(string().encode('😀')).toEqual(Buffer.from('😀'));
  });
});

describe('the bytes codec', () => {
  it('gives a plain copy that outlives the batch', () => {
    const batch = Buffer.from([1, 2, 3, 4]);
    const value = bytes().decode(batch, 1, 3);
    batch.fill(0);
    expect(Buffer.isBuffer(value)).toBe(false);
    expect(value).toEqual(new Uint8Array([2, 3]));
    expect(value.buffer.byteLength).toBe(2);
  });
});

describe('a nullable codec', () => {
  it('turns a null record field into null and back, and leaves the rest to its codec', () => {
    const codec = nullable(string());
    expect(codec.decodeNull?.()).toBeNull();
    expect(codec.encode(null)).toBeNull();
    expect(decodeInBatch(codec, codec.encode('a')!)).toBe('a');
  });
});
