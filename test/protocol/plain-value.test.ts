import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertPlain } from '../../src/protocol/plain-value.js';
import { ByteWriter } from '../../src/state/byte-writer.js';
import { decodePlainValue } from '../../src/state/plain-value-decoding.js';
import { encodePlainValue } from '../../src/state/plain-value-encoding.js';
import { plainValue } from '../state/arbitrary-values.js';

function encoded(value: unknown): Buffer {
  const writer = new ByteWriter(4);
  encodePlainValue(writer, value, 'The value');
  return writer.copy();
}

function roundTrip(value: unknown): unknown {
  const bytes = encoded(value);
  return decodePlainValue(bytes, 0, bytes.length);
}

describe('a plain value', () => {
  it('comes back as it was, whatever it is', () => {
    fc.assert(
      fc.property(plainValue, (value) => {
        expect(roundTrip(value)).toStrictEqual(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['minus infinity', Number.NEGATIVE_INFINITY],
    ['a number beyond 32 bits', 1_704_067_200_000],
    ['the least 32-bit integer', -(2 ** 31)],
    ['an unsigned 32-bit integer', 2 ** 32 - 1],
    ['a bigint beyond 64 bits', 2n ** 64n],
    ['a negative bigint just beyond 64 bits', -(2n ** 63n) - 1n],
    ['a short string with a lone surrogate', 'a\ud800'],
    ['a long string with a lone surrogate', `${'ä'.repeat(100)}\udc00`],
    ['an invalid date', new Date(Number.NaN)],
    ['a map within a set', new Set([new Map([[{ a: 1 }, -0]])])],
    ['an array with undefined', [undefined, null]],
    ['empty bytes', new Uint8Array()],
    [
      'an object with many fields',
      Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`f${i}`, i])),
    ],
    ['a field named __proto__', JSON.parse('{"__proto__": {"a": 1}, "b": 2}')],
  ])('%s comes back as it was', (_name, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it('given as a Buffer comes back as a Uint8Array of its own', () => {
    const bytes = encoded(Buffer.from([1, 2, 3]));
    const value = decodePlainValue(bytes, 0, bytes.length) as Uint8Array;
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype);
    bytes.fill(0);
    expect([...value]).toEqual([1, 2, 3]);
  });

  it('has the bytes that earlier versions wrote', () => {
    const value = { count: 7, lastTs: 1_704_067_200_000, big: 5n, at: new Date(0), tags: new Set(['ä']) };
    expect(encoded(value).toString('hex')).toBe(
      '85a5636f756e7407a66c6173745473cb4278cc251f400000a3626967d30000000000000005a26174d7440000000000000000a474616773c9000000045391a2c3a4',
    );
  });

  it('that is cut off is refused and not read beyond its end', () => {
    const bytes = encoded({ name: 'x'.repeat(100), items: [1, 2, 3] });
    for (let end = 0; end < bytes.length; end++) {
      expect(() => decodePlainValue(bytes, 0, end)).toThrow(RangeError);
    }
  });
});

describe('a value that is not plain', () => {
  class Money {
    amount = 1;
  }
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;

  it.each([
    ['a class instance', { cart: [{ price: new Money() }] }, 'at cart[0].price: it is an instance of Money'],
    ['a function', { rate: () => 1 }, 'at rate: it is a function (rate)'],
    ['a symbol', [Symbol('x')], 'at [0]: it is a symbol'],
    ['a subclass of Map', { m: new (class Index extends Map {})() }, 'at m: it is an instance of Index'],
    ['a class instance in a map', new Map([['a', new Money()]]), '{value 0}: it is an instance of Money'],
    ['a cycle', cyclic, 'contains itself'],
    ['another typed array', { f: new Float64Array(1) }, 'at f: it is an instance of Float64Array'],
  ])('such as %s is refused, with its path', (_name, value, message) => {
    expect(() => assertPlain(value, "The value of state 'cart'")).toThrow(message);
    expect(() => encoded(value)).toThrow(message);
  });
});
