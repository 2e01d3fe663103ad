import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { json } from '../../src/codecs/json.js';
import { JsonFieldScanner } from '../../src/codecs/json-field-scanner.js';
import { type JsonFields, planFields } from '../../src/codecs/json-fields.js';
import { MalformedUtf8Error } from '../../src/codecs/utf8.js';
import type { ValueCodec } from '../../src/codecs/value-codec.js';
import { EventGenerator } from '../../src/demo/event-generator.js';

const fields = {
  s: 'string',
  n: 'number',
  b: 'boolean',
  'o.s': 'string',
  'o.é': 'number',
  'o.o.n': 'number',
  'o.__proto__': 'string',
  '__proto__.b': 'boolean',
} as const satisfies JsonFields;
const codec = json<unknown>({ fields });

/** As a value lies in a fetched batch, between bytes that would go on with it. */
function decode<T>(decoder: ValueCodec<T>, encoded: Uint8Array | string): T {
  const bytes = Buffer.from(encoded as string);
  return decoder.decode(
    Buffer.concat([Buffer.from('{"s":1 '), bytes, Buffer.from('0"}]} ,')]),
    7,
    7 + bytes.length,
  );
}

/** What the codec promises, in the plainest way. */
function project(value: unknown): unknown {
  return projectObject(
    value,
    Object.entries(fields).map(([path, type]) => [path.split('.'), type] as const),
  );
}

function projectObject(value: unknown, wanted: readonly (readonly [readonly string[], string])[]): unknown {
  if (value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) throw new TypeError('No object.');
  const found = new Map(Object.entries(value));
  const names = new Set(wanted.map(([[name]]) => name!));
  return Object.fromEntries(
    [...names].map((name) => {
      const below = wanted
        .filter(([path]) => path[0] === name)
        .map(([path, type]) => [path.slice(1), type] as const);
      return [name, found.has(name) ? projectValue(found.get(name), below) : undefined];
    }),
  );
}

function projectValue(value: unknown, below: readonly (readonly [readonly string[], string])[]): unknown {
  if (below[0]![0].length > 0) return projectObject(value, below);
  const type = below[0]![1];
  if (value !== null && typeof value !== type) throw new TypeError(`No ${type}.`);
  return value;
}

type Outcome = { readonly value: unknown } | { readonly error: string };

function outcomeOf(run: () => unknown): Outcome {
  try {
    return { value: run() };
  } catch (error) {
    return { error: (error as Error).name };
  }
}

function expectAgreement(text: string | Buffer): void {
  const bytes = Buffer.from(text as string);
  const decoded = outcomeOf(() => decode(codec, bytes));
  // Strict equality tells -0 from 0 and an undefined field from a missing one.
  expect(decoded).toStrictEqual(outcomeOf(() => project(decode(json<unknown>(), bytes))));
}

const number = fc.oneof(
  fc
    .double({ noDefaultInfinity: true, noNaN: true })
    .map((value) => (Object.is(value, -0) ? '-0' : `${value}`)),
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?$/),
  fc.integer().map(String),
);
const string = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.string({ unit: 'grapheme-ascii' }).map((text) => JSON.stringify(text)),
  fc.stringMatching(/^"([a-z€𝄞]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|\\ud83d\\ude00)*"$/u),
);
const name = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('"s"', '"n"', '"b"', '"o"', '"é"', '"__proto__"', '"\\u0073"', '"other"'),
  },
  { weight: 1, arbitrary: string },
);
const whitespace = fc.constantFrom('', '', '', ' ', '\n', '\t\r ');

/** Objects and arrays at most so deep within one another; what is deeper has tests of its own. */
const depthMax = 4;

function valueText(depth: number): fc.Arbitrary<string> {
  const scalars = [fc.constantFrom('true', 'false', 'null'), number, string];
  return depth === depthMax
    ? fc.oneof(...scalars)
    : fc.oneof(...scalars, objectText(depth + 1), arrayText(depth + 1));
}

function arrayText(depth: number): fc.Arbitrary<string> {
  return fc.array(valueText(depth), { maxLength: 3 }).map((values) => `[${values.join(' , ')}]`);
}

/** Names mostly with values of their own type, so that many texts are decoded rather than refused. */
function objectText(depth = 0): fc.Arbitrary<string> {
  const object = depth === depthMax ? fc.constant('{}') : objectText(depth + 1);
  const value = name.chain((key) => {
    const fitting = { '"s"': string, '"n"': number, '"b"': fc.constantFrom('true', 'false'), '"o"': object }[
      key
    ];
    const any = fitting === undefined ? 1 : 0.06;
    const choice = fc.oneof(
      { weight: 100 * any, arbitrary: valueText(Math.max(depth, depthMax - 2)) },
      { weight: 5, arbitrary: fc.constant('null') },
      { weight: 94, arbitrary: fitting ?? number },
    );
    return fc
      .tuple(choice, whitespace)
      .map(([text, space]) => `${space}${key}${space}:${space}${text}${space}`);
  });
  return fc.array(value, { maxLength: 6 }).map((members) => `{${members.join(',')}}`);
}

const runs = { numRuns: 2_000 };

describe('the projecting JSON codec agrees with the projection of JSON.parse', () => {
  it('on any text', () => {
    fc.assert(
      fc.property(objectText(), whitespace, (text, space) => expectAgreement(space + text + space)),
      runs,
    );
    fc.assert(fc.property(valueText(2), (text) => expectAgreement(text)));
  });

  it('on texts of which bytes were removed, replaced or added, which are mostly malformed', () => {
    const byte = fc.oneof(
      fc.constantFrom(...Buffer.from('{}[]",:\\ 0-+.eEu\n\x00\x1f\x7f')),
      fc.nat({ max: 255 }),
    );
    fc.assert(
      fc.property(
        objectText(),
        fc.nat(),
        fc.nat({ max: 2 }),
        fc.array(byte, { maxLength: 2 }),
        (text, at, cut, added) => {
          const bytes = Buffer.from(text);
          const place = at % (bytes.length + 1);
          expectAgreement(
            Buffer.concat([bytes.subarray(0, place), Buffer.from(added), bytes.subarray(place + cut)]),
          );
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('on texts cut off anywhere', () => {
    const text = Buffer.from(
      '{"s":"aé\\u00e9","x":[{"y":-1.5e+3},[],{}],"o":{"s":null,"o":{"n":12}},"b":false} ',
    );
    for (let length = 0; length <= text.length; length += 1) expectAgreement(text.subarray(0, length));
  });

  it('on every number', () => {
    fc.assert(
      fc.property(number, (digits) => expectAgreement(`{"n":${digits}}`)),
      runs,
    );
    for (const digits of [
      '-0',
      '0',
      '-0.0',
      '999999999999999',
      '9007199254740993',
      '1e400',
      '5e-324',
      '0.30000001',
    ]) {
      expectAgreement(`{"n":${digits}}`);
    }
  });

  it.each([
    ['a trailing comma', '{"s":"a",}'],
    ['a leading zero', '{"x":01}'],
    ['a sign before digits', '{"n":+1}'],
    ['a point without digits', '{"n":1.}'],
    ['a control character', '{"x":"a\tb"}'],
    ['a bad escape', '{"x":"\\x41"}'],
    ['a short escape', '{"x":"\\u12g4"}'],
    ['a bad literal', '{"x":nulL}'],
    ['an empty text', ''],
    ['something behind the text', '{"s":"a"}x'],
    ['brackets that cross', '{"x":[{]}}'],
    ['brackets that cross far within', `{"x":${'['.repeat(256)}{]${']'.repeat(256)}}`],
    ['no comma behind an empty array', '{"x":[[]1]}'],
    ['no comma behind an array', '{"x":[[1][2]]}'],
    ['no comma between values', '{"x":[1 2]}'],
    ['no comma between members', '{"x":{"a":{}"b":1}}'],
    ['no comma between fields', '{"s":"a""n":1}'],
    ['a comma alone', '{"x":[,]}'],
    ['a byte order mark', '\ufeff{"s":"a"}'],
  ])('on %s, which both refuse', (_what, text) => {
    expect(() => decode(codec, text)).toThrow(SyntaxError);
    expectAgreement(text);
  });

  it.each([
    ['the last of two fields', '{"s":"a","s":"b","n":"x","n":2}'],
    ['an object that comes twice', '{"o":{"s":"a","o":{"n":1}},"o":{"é":2}}'],
    [
      'an object after null, and null after an object',
      '{"o":null,"o":{"s":"a"},"__proto__":{"b":true},"__proto__":null}',
    ],
    ['the names of what every object inherits', '{"toString":1,"o":{"__proto__":"p","constructor":{}}}'],
  ])('on %s', (_what, text) => {
    expectAgreement(text);
  });

  it.each([100, 256, 257, 100_000])('on containers %i deep', (depth) => {
    expectAgreement(`{"x":${'['.repeat(depth)}${']'.repeat(depth)},"s":"a"}`);
    expectAgreement(`{"x":${'{"y":'.repeat(depth)}1${'}'.repeat(depth)},"s":"a"}`);
    expectAgreement(`{"x":${'['.repeat(depth)}`);
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['a sequence cut off', [0xe6, 0x9d]],
    ['an overlong form', [0xc0, 0xaf]],
    ['an overlong form of three bytes', [0xe0, 0x9f, 0xbf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point above the last', [0xf4, 0x90, 0x80, 0x80]],
  ])('on %s in a name, a field and a value that is passed over', (_what, malformed) => {
    for (const [before, behind] of [
      ['{"x":"', '"}'],
      ['{"s":"', '"}'],
      ['{"', '":1}'],
    ] as const) {
      const bytes = Buffer.concat([Buffer.from(before), Buffer.from(malformed), Buffer.from(behind)]);
      expect(() => decode(codec, bytes)).toThrow(MalformedUtf8Error);
    }
  });

  it('on every code point', () => {
    for (let first = 0; first <= 0x10ffff; first += 0x1000) {
      const points = Array.from({ length: 0x1000 }, (_, index) => first + index);
      const text = String.fromCodePoint(...points.filter((point) => point < 0xd800 || point > 0xdfff));
      expectAgreement(JSON.stringify({ s: text, x: text, [text]: 1 }));
    }
  });
});

describe('the projecting JSON codec', () => {
  const eventFields = {
    user_id: 'string',
    timestamp: 'number',
    'parameters.custom_params.price': 'number',
  } as const;

  it('reads user-tracking events without parsing them as a whole', () => {
    const generator = new EventGenerator({ users: 50 });
    const plan = planFields(eventFields);
    const scanner = new JsonFieldScanner(plan.root, new Array(plan.slotCount).fill(undefined));
    for (let index = 0; index < 300; index += 1) {
      const event = generator.eventAt(index);
      const text = JSON.stringify(event);
      const { user_id, timestamp } = event;
      const price = (event.parameters.custom_params as { readonly price?: number }).price;
      expect(decode(json({ fields: eventFields }), text)).toStrictEqual({
        user_id,
        timestamp,
        parameters: { custom_params: { price } },
      });
      if (index === 0) expect(scanner.scan(Buffer.from(text), 0, Buffer.byteLength(text))).toBe(true);
    }
  });

  it.each([
    ['{"user_id":7}', "'user_id' should be a string, and is a number"],
    ['{"timestamp":"7"}', "'timestamp' should be a number, and is a string"],
    ['{"parameters":[]}', "'parameters' should be an object, and is an array"],
    [
      '{"parameters":{"custom_params":{"price":{}}}}',
      "'parameters.custom_params.price' should be a number, and is an object",
    ],
    ['[]', 'The JSON value should be an object, and is an array'],
  ])('names the field and what it found in %s', (text, message) => {
    expect(() => decode(json({ fields: eventFields }), text)).toThrow(message);
  });

  it('forgets a record before the next', () => {
    const decoder = json({ fields: eventFields });
    decode(decoder, '{"user_id":"a","parameters":{}}');
    expect(decode(decoder, '{}')).toStrictEqual({
      user_id: undefined,
      timestamp: undefined,
      parameters: undefined,
    });
  });

  it('encodes whole values', () => {
    expect(Buffer.from(codec.encode({ other: 1 })!).toString()).toBe('{"other":1}');
    expect(() => codec.encode(undefined)).toThrow('JSON has no text for undefined');
  });

  it.each([
    [{}, 'no fields'],
    [{ '': 'string' }, 'empty name'],
    [{ 'a..b': 'string' }, 'empty name'],
    [{ 'a.': 'string' }, 'empty name'],
    [{ '.a': 'string' }, 'empty name'],
    [{ a: 'string', 'a.b': 'number' }, "'a.b' lies inside 'a'"],
    [{ 'a.b': 'number', a: 'string' }, "inside 'a'"],
    [{ a: 'object' }, "'a' is declared as object"],
    [{ 'a\ud800': 'string' }, 'surrogate'],
  ])('refuses the fields %j', (wrong, message) => {
    expect(() => json({ fields: wrong as JsonFields })).toThrow(message);
  });

  it('refuses options it does not have, and types it does not know', () => {
    // @ts-expect-error there is no such option.
    expect(() => json({ fields: { a: 'string' }, field: {} })).toThrow("no option 'field'");
    // @ts-expect-error there is no such type.
    expect(() => json({ fields: { a: 'int' } })).toThrow("'a' is declared as int");
    expectTypeOf(json<{ a: string }>({ fields: { a: 'string' } })).toEqualTypeOf<ValueCodec<{ a: string }>>();
  });
});
