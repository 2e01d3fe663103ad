import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { json } from '../../src/codecs/json.js';
import { JsonIntegerFinder, JsonStringFinder } from '../../src/codecs/json-field-finder.js';
import type { FieldFinder } from '../../src/codecs/value-codec.js';
import { EventGenerator } from '../../src/demo/event-generator.js';

const strings = new JsonStringFinder('id');
const integers = new JsonIntegerFinder('id');

/** As a value lies in a fetched batch, between bytes that would go on with it. */
function find<T>(finder: FieldFinder<T>, text: string | Uint8Array): T | undefined {
  const value = Buffer.from(text as string);
  const before = Buffer.from('{"id":"before",');
  const bytes = Buffer.concat([before, value, Buffer.from('"id":"behind"}')]);
  const end = before.length + value.length;
  const found = finder.find(bytes, before.length, end);
  return found !== undefined && finder.isLastOfItsName(bytes, end) ? found : undefined;
}

describe('The finder of a JSON field', () => {
  it.each([
    ['first', '{"id":"a","x":1}', 'a'],
    [
      'last, behind values of every kind',
      '{"x":[{"y":{}},"}"],"y":null,"z":-1.5e3,"é":"é\\n", "id" : "a" }',
      'a',
    ],
    ['empty', '{"id":""}', ''],
  ])('finds one that is %s', (_, text, expected) => {
    expect(find(strings, text)).toBe(expected);
  });

  it.each([
    ['that is no string', '{"id":1}'],
    ['that is null', '{"id":null}'],
    ['that is an object', '{"id":{"id":"a"}}'],
    ['with an escape', '{"id":"a\\n"}'],
    ['beyond ASCII', '{"id":"é"}'],
    ['that is missing', '{"ids":"a","i":"d"}'],
    ['of an object within', '{"x":{"id":"a"}}'],
    ['of an array’s element', '[{"id":"a"}]'],
    ['that comes twice', '{"id":"a","id":"b"}'],
    ['that may come a second time, spelt with an escape', '{"id":"a","\\u0069d":"b"}'],
    ['of which the text has only a part', '{"id":"a'],
    ['of nothing', ''],
  ])('leaves one %s to be decoded', (_, text) => {
    expect(find(strings, text)).toBeUndefined();
  });

  it.each([
    ['{"id":1704067200000}', 1_704_067_200_000],
    ['{"x":1,"id" : -3 }', -3],
    ['{"id":1e3}', 1_000],
    ['{"id":9007199254740993}', undefined],
    ['{"id":1.5}', undefined],
    ['{"id":"1"}', undefined],
    ['{"id":1,"id":2}', undefined],
    ['{"id":12', undefined],
  ])('finds in %s the whole number %s', (text, expected) => {
    expect(find(integers, text)).toBe(expected);
  });

  it('finds the users and times of the demo’s events', () => {
    const generator = new EventGenerator();
    const times = json().integerFinder?.('timestamp');
    const users = json().stringFinder?.('user_id');
    for (let index = 0; index < 200; index += 1) {
      const event = generator.eventAt(index);
      const bytes = Buffer.from(JSON.stringify(event));
      expect(users?.find(bytes, 0, bytes.length)).toBe(event.user_id);
      expect(users?.isLastOfItsName(bytes, bytes.length)).toBe(true);
      expect(times?.find(bytes, 0, bytes.length)).toBe(event.timestamp);
      expect(times?.isLastOfItsName(bytes, bytes.length)).toBe(true);
    }
  });

  it('is not offered for names that JSON may escape', () => {
    for (const name of ['', 'é', 'a"b', 'a\\b', 'a b']) expect(json().stringFinder?.(name)).toBeUndefined();
  });
});

const name = fc.constantFrom(
  '"id"',
  '"id"',
  '"i"',
  '"idd"',
  '"x"',
  '"\\u0069d"',
  '"é"',
  '"__proto__"',
  '"i\\"d"',
);
const scalar = fc.oneof(
  fc.string({ maxLength: 5 }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '"a"',
    '"b"',
    '"\\"id\\":"',
    '"id"',
    '"\\u0061"',
    '"é"',
    '1',
    '-0.5e2',
    'null',
    'true',
    '{}',
    '[]',
  ),
);
const space = fc.constantFrom('', '', '', ' ', '\n\t');
const { value } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items}]`),
  ),
  object: fc
    .array(fc.tuple(space, name, space, tie('value'), space), { maxLength: 5 })
    .map((fields) => `{${fields.map(([a, key, b, item, c]) => `${a}${key}${b}:${item}${c}`)}}`),
}));

describe('What it finds', () => {
  it('is what JSON.parse gives in that field', () => {
    fc.assert(
      fc.property(value, (text) => {
        for (const finder of [strings, integers]) {
          const found = find<unknown>(finder, text);
          if (found !== undefined) expect((JSON.parse(text) as { id: unknown }).id).toBe(found);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('is not missed where the field is a plain string and the only one of its name', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('"x"', '"é"'), scalar)), fc.nat(9), (others, at) => {
        const fields = others
          .filter(([, item]) => !/id|\\u/.test(item))
          .map(([key, item]) => `${key}:${item}`);
        fields.splice(at, 0, '"id":"me"');
        expect(find(strings, `{${fields}}`)).toBe('me');
      }),
    );
  });

  it('is what JSON.parse gives in damaged texts, too, as far as they can be parsed', () => {
    const damaged = fc
      .tuple(value, fc.nat(40), fc.uint8Array({ maxLength: 2 }), fc.nat(2))
      .map(([text, at, bytes, cut]) => {
        const whole = Buffer.from(text);
        return Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at + cut)]);
      });
    fc.assert(
      fc.property(damaged, (bytes) => {
        const found = find<unknown>(strings, bytes) ?? find<unknown>(integers, bytes);
        if (found === undefined) return;
        let parsed: { readonly id: unknown };
        try {
          parsed = JSON.parse(bytes.toString());
        } catch {
          return;
        }
        expect(parsed.id).toBe(found);
      }),
      { numRuns: 5_000 },
    );
  });
});
