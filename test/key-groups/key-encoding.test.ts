import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Key, PrimitiveKey } from '../../src/key-groups/key.js';
import { decodeKey } from '../../src/key-groups/key-decoding.js';
import { encodeKey, KeyEncoder } from '../../src/key-groups/key-encoding.js';
import { goldenKeys } from './golden-keys.js';

interface GoldenVector {
  readonly key: string;
  readonly hex: string;
}

const vectors: readonly GoldenVector[] = JSON.parse(
  readFileSync(new URL('key-encoding.golden.json', import.meta.url), 'utf8'),
);

const hex = (key: Key) => Buffer.from(encodeKey(key)).toString('hex');
const codeUnits = fc
  .array(
    fc.oneof(
      fc.constantFrom(0, 1, 0x7f, 0x80, 0x7ff, 0x800, 0xd800, 0xdc00, 0xdfff, 0xe000, 0xffff),
      fc.nat(0xffff),
    ),
  )
  .map((units) => String.fromCharCode(...units));
const bytes = fc.uint8Array({ maxLength: 12 });
const numbers = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity));
const bigints = fc.oneof(fc.bigInt(), fc.bigInt(-300n, 300n));
const primitives: fc.Arbitrary<PrimitiveKey> = fc.oneof(codeUnits, numbers, bigints, fc.boolean(), bytes);
const keys: fc.Arbitrary<Key> = fc.oneof(primitives, fc.array(primitives, { maxLength: 4 }));

/** The order that the encoding promises, by plain comparisons. */
function compare(a: Key, b: Key): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = compare(a[i], b[i]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  if (typeRank(a) !== typeRank(b)) return typeRank(a) - typeRank(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

function typeRank(key: Key): number {
  if (key instanceof Uint8Array) return 4;
  return Array.isArray(key) ? 5 : ['boolean', 'number', 'bigint', 'string'].indexOf(typeof key);
}

describe('the key encoding', () => {
  it('has the bytes it always had', () => {
    expect(vectors.map((vector) => vector.key)).toEqual([...goldenKeys.keys()]);
    for (const vector of vectors)
      expect([vector.key, hex(goldenKeys.get(vector.key)!)]).toEqual([vector.key, vector.hex]);
  });

  it('compares as the keys do, so that different keys never have the same bytes', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        expect(Math.sign(Buffer.compare(encodeKey(a), encodeKey(b)))).toBe(Math.sign(compare(a, b)));
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps strings in order that differ only near surrogates and NUL', () => {
    fc.assert(
      fc.property(codeUnits, codeUnits, codeUnits, (prefix, a, b) => {
        const order = Math.sign(compare(prefix + a, prefix + b));
        expect(Math.sign(Buffer.compare(encodeKey(prefix + a), encodeKey(prefix + b)))).toBe(order);
      }),
      { numRuns: 1000 },
    );
  });

  it('never makes one key the prefix of another', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const [first, second] = [hex(a), hex(b)];
        expect(first !== second && second.startsWith(first)).toBe(false);
      }),
    );
  });

  it('gives back the key when it is decoded, with -0 as 0', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const withoutNegativeZero = (item: PrimitiveKey) => (Object.is(item, -0) ? 0 : item);
        const expected = Array.isArray(key)
          ? key.map(withoutNegativeZero)
          : withoutNegativeZero(key as PrimitiveKey);
        expect(decodeKey(encodeKey(key))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('decodes from the middle of a larger array', () => {
    const encoded = encodeKey(['a', 1.5, -7n]);
    const larger = new Uint8Array(encoded.length + 10);
    larger.set(encoded, 5);
    expect(decodeKey(larger.subarray(5, 5 + encoded.length))).toEqual(['a', 1.5, -7n]);
  });

  it.each([
    ['', 'nothing'],
    ['20', 'a number cut short'],
    ['4061', 'a string without its end'],
    ['6010', 'a tuple without its end'],
    ['1010', 'bytes after the key'],
    ['77', 'an unknown tag'],
    ['308002ff', 'a bigint cut short'],
  ])('says that %s can not be decoded: %s', (damaged) => {
    expect(() => decodeKey(Buffer.from(damaged, 'hex'))).toThrow(/stored key can't be read/);
  });

  it.each([
    [undefined, 'A key is undefined.'],
    [null, 'A key is null.'],
    [{}, 'A key is an object of Object class.'],
    [new Date(0), 'A key is an object of Date class.'],
    [Symbol('s'), 'A key is a symbol.'],
    [[['nested']], 'A key is a tuple within a tuple.'],
    [['a', undefined], 'A key is undefined.'],
  ])('refuses %s', (value, sentence) => {
    expect(() => encodeKey(value as unknown as Key)).toThrow(sentence);
  });

  it('keeps working after an error', () => {
    const encoder = new KeyEncoder();
    expect(() => encoder.encode(['a', {}] as unknown as Key)).toThrow();
    expect(encoder.bytes.slice(0, encoder.encode('a'))).toEqual(encodeKey('a'));
  });

  it('encodes keys larger than the scratch space', () => {
    const long = 'x\0é€😀'.repeat(2000);
    expect(decodeKey(encodeKey([long, long]))).toEqual([long, long]);
  });
});
