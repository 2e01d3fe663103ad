import fc from 'fast-check';

const scalar = fc.oneof(
  fc.constantFrom(null, undefined, true, false, -0, Number.NaN),
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.array(fc.nat(0xffff), { maxLength: 80 }).map((units) => String.fromCharCode(...units)),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 300 }),
);

/** Anything that state and records may hold. */
export const plainValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('object'),
    tie('array'),
    tie('map'),
    tie('set'),
  ),
  object: fc.dictionary(fc.string(), tie('value'), { maxKeys: 20, noNullPrototype: true }),
  array: fc.array(tie('value'), { maxLength: 20 }),
  map: fc.array(fc.tuple(scalar, tie('value')), { maxLength: 8 }).map((entries) => new Map(entries)),
  set: fc.array(scalar, { maxLength: 8 }).map((items) => new Set(items)),
})).value;
