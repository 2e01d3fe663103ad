import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Duration, durationMs, parseDuration, signedDurationMs } from '../../src/api/duration.js';
import { MillraceError } from '../../src/protocol/failures.js';

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['1m', 60_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1.5s', 1_500],
    ['0s', 0],
    [250, 250],
  ] as const)('reads %s as %d ms', (given, ms) => {
    expect(durationMs(given)).toBe(ms);
  });

  it.each(['', '5', 's', '-5s', '5 s', '5sec', '1h30m', '1e3s', 'Infinitys', '99999999999999999d'])(
    'refuses "%s" and says what to write',
    (text) => {
      expect(() => parseDuration(text, '--checkpoint-interval')).toThrow(MillraceError);
      expect(() => parseDuration(text, '--checkpoint-interval')).toThrow(
        /--checkpoint-interval is ".*": give a number with a unit, such as 500ms, 5s/,
      );
    },
  );

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the number %d', (ms) => {
    expect(() => durationMs(ms)).toThrow(MillraceError);
  });

  it('reads any whole number of any unit exactly', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom('ms', 's', 'm', 'h', 'd'), (count, unit) => {
        const unitMs = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[unit];
        return parseDuration(`${count}${unit}`) === count * unitMs;
      }),
    );
  });

  it('of a wrong form does not compile as a literal', () => {
    const right: Duration[] = ['5s', '500ms', 10];
    // @ts-expect-error a unit is missing.
    const unitless: Duration = '5';
    // @ts-expect-error there is no such unit.
    const unknownUnit: Duration = '5 seconds';
    expect([right, unitless, unknownUnit]).toHaveLength(3);
  });
});

it.each([
  ['-5s', -5_000],
  ['5s', 5_000],
  [-250, -250],
  [0, 0],
] as const)('a signed duration reads %s as %d ms', (given, ms) => {
  expect(signedDurationMs(given, 'The bound')).toBe(ms);
});

it.each(['--5s', '-', '-5'])('a signed duration refuses "%s"', (text) => {
  expect(() => signedDurationMs(text as Duration, 'The bound')).toThrow(/The bound is ".*": give a number/);
});
