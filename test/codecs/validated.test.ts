import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { json } from '../../src/codecs/json.js';
import { nullable } from '../../src/codecs/nullable.js';
import { validated } from '../../src/codecs/validated.js';
import type { ValueCodec } from '../../src/codecs/value-codec.js';

function decode<T>(codec: ValueCodec<T>, text: string): T {
  const bytes = Buffer.from(`..${text}..`);
  return codec.decode(bytes, 2, bytes.length - 2);
}

interface Click {
  user: string;
  price: number;
}

const zodClick = z.object({ user: z.string(), price: z.number() });
const valibotClick = v.object({ user: v.string(), price: v.number() });

describe.each([
  ['zod', zodClick],
  ['valibot', valibotClick],
] as const)('A codec validated by %s', (_, schema) => {
  const codec: ValueCodec<Click> = validated(json(), schema);

  it('gives what fits', () => {
    expect(decode(codec, '{"user":"u","price":3}')).toEqual({ user: 'u', price: 3 });
  });

  it('says which field does not fit', () => {
    expect(() => decode(codec, '{"user":"u","price":"3"}')).toThrow(/does not fit its schema: price: /);
  });

  it('leaves broken text to the codec inside', () => {
    expect(() => decode(codec, '{"user":')).toThrow(SyntaxError);
  });

  it('encodes as the codec inside', () => {
    expect(String(codec.encode({ user: 'u', price: 3 }))).toBe('{"user":"u","price":3}');
  });
});

describe('A validated codec', () => {
  it('has the type that its schema makes', () => {
    const codec = validated(
      json(),
      z.object({ at: z.string() }).transform(({ at }) => at.length),
    );
    expectTypeOf(codec).toEqualTypeOf<ValueCodec<number>>();
    expect(decode(codec, '{"at":"four"}')).toBe(4);
  });

  it('shows a null to its schema where the codec inside takes nulls, and refuses it elsewhere', () => {
    expect(validated(nullable(json()), z.null()).decodeNull?.()).toBeNull();
    expect(() => validated(nullable(json()), z.string()).decodeNull?.()).toThrow(/does not fit/);
    expect(validated(json(), z.null()).decodeNull).toBeUndefined();
  });

  it('refuses a schema that wants to be waited for', () => {
    const schema = z.string().refine(async () => true);
    expect(() => decode(validated(json(), schema), '"x"')).toThrow();
    const own: StandardSchemaV1<unknown, string> = {
      '~standard': { version: 1, vendor: 'own', validate: () => Promise.reject(new Error('unheard')) },
    };
    expect(() => decode(validated(json(), own), '"x"')).toThrow(/\(own\) checks asynchronously/);
  });

  it('names the first few of many issues, with their places', () => {
    const codec = validated(json(), z.array(z.object({ n: z.number() })));
    const text = JSON.stringify(Array.from({ length: 10 }, () => ({ n: 'x' })));
    expect(() => decode(codec, text)).toThrow(/0\.n: .*; 1\.n: .*; 2\.n: .*; and 7 more/);
  });
});
