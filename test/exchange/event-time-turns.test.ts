import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventTimeTurns } from '../../src/exchange/event-time-turns.js';
import { MIN_WATERMARK } from '../../src/protocol/stream-elements.js';

/** Who is read, of those that have this many things each. */
function read(
  counts: readonly number[],
  watermarks: readonly number[],
  turns: number,
): (number | undefined)[] {
  const left = [...counts];
  const order = new EventTimeTurns();
  return Array.from({ length: turns }, () => {
    const place = order.next({
      count: left.length,
      isReady: (at) => left[at]! > 0,
      watermarkOf: (at) => watermarks[at]!,
    });
    if (place !== undefined) left[place]! -= 1;
    return place;
  });
}

describe('Turns by event time', () => {
  it('go round while nobody is behind', () => {
    expect(read([3, 3, 3], [5, 5, 5], 6)).toEqual([0, 1, 2, 0, 1, 2]);
    expect(read([2, 2], [MIN_WATERMARK, MIN_WATERMARK], 5)).toEqual([0, 1, 0, 1, undefined]);
  });

  it('pass over who has nothing', () => {
    expect(read([2, 0, 1], [5, 5, 5], 4)).toEqual([0, 2, 0, undefined]);
    expect(read([], [], 1)).toEqual([undefined]);
  });

  it('give each second one to whoever is furthest behind', () => {
    expect(read([9, 9], [200, 100], 8)).toEqual([1, 0, 1, 1, 1, 0, 1, 1]);
    expect(read([9, 9, 9], [200, MIN_WATERMARK, 300], 6)).toEqual([1, 0, 1, 1, 1, 2]);
  });

  it('give them to the next one when that has nothing', () => {
    expect(read([9, 9, 0], [200, 300, 100], 4)).toEqual([0, 0, 0, 1]);
  });

  it('let nobody starve, wherever their clocks are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 9 }), (watermarks) => {
        const count = watermarks.length;
        const seen = read(
          watermarks.map(() => 1_000),
          watermarks,
          4 * count,
        );
        // Whatever 2n turns are looked at.
        for (let from = 0; from <= 2 * count; from += 1)
          expect(new Set(seen.slice(from, from + 2 * count)).size).toBe(count);
      }),
    );
  });
});
