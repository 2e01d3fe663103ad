import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserRotation } from '../../src/demo/user-rotation.js';

describe('UserRotation', () => {
  it('numbers the events of every user 0, 1, 2, … whatever the number of users', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 500 }), (users) => {
        const rotation = new UserRotation(users);
        const next = new Map<number, number>();
        for (let i = 0; i < rotation.roundLength * 18; i++) {
          const user = rotation.userAt(i);
          expect(user).toBeGreaterThanOrEqual(0);
          expect(user).toBeLessThan(users);
          expect(rotation.ordinalAt(i, user)).toBe(next.get(user) ?? 0);
          next.set(user, (next.get(user) ?? 0) + 1);
        }
        expect(next.size).toBe(users);
      }),
      { numRuns: 30 },
    );
  });

  it('gives three fifths of the events to a fifth of the users', () => {
    const rotation = new UserRotation(100_000);
    const events = rotation.roundLength * 6;
    let ofFrequent = 0;
    for (let i = 0; i < events; i++) if (rotation.userAt(i) < rotation.frequentUsers) ofFrequent += 1;
    expect(rotation.frequentUsers / 100_000).toBeCloseTo(0.2, 2);
    expect(ofFrequent / events).toBeCloseTo(0.6, 2);
  });

  it('refuses numbers of users that mean nothing', () => {
    for (const users of [0, 9, 1.5, Number.NaN]) expect(() => new UserRotation(users)).toThrow(RangeError);
  });
});
