import { describe, expect, expectTypeOf, it } from 'vitest';
import { assignTimestamp, type WatermarkStrategy, Watermarks } from '../../src/api/watermarks.js';
import { NO_TIMESTAMP } from '../../src/protocol/stream-elements.js';

interface Event {
  readonly at: number;
}

/** Stands for `env.fromSource`: the element type comes from the source. */
function fromSource<T>(_elements: readonly T[], strategy: WatermarkStrategy<T>): WatermarkStrategy<T> {
  return strategy;
}

describe('a watermark strategy', () => {
  it('takes the element type from the source beside it', () => {
    const strategy = fromSource(
      [{ at: 1 }],
      Watermarks.boundedOutOfOrderness('5s', (event) => event.at),
    );
    expectTypeOf(strategy).toEqualTypeOf<WatermarkStrategy<{ at: number }>>();
    fromSource(
      [{ at: 1 }],
      // @ts-expect-error the element has no such field.
      Watermarks.monotonous((event) => event.missing),
    );
  });

  it('reads the event time with the function it was given', () => {
    const strategy = Watermarks.boundedOutOfOrderness<Event>('5s', (event) => event.at);
    expect(strategy).toMatchObject({ maxOutOfOrdernessMs: 5_000 });
    expect(assignTimestamp(strategy, { at: 42 }, 7)).toBe(42);
  });

  it('without a function keeps the time of the record', () => {
    expect(assignTimestamp(Watermarks.monotonous<Event>(), { at: 42 }, 7)).toBe(7);
    expect(assignTimestamp(Watermarks.none<Event>(), { at: 42 }, NO_TIMESTAMP)).toBe(NO_TIMESTAMP);
  });

  it('takes whole milliseconds from a clock with fractions', () => {
    expect(
      assignTimestamp(
        Watermarks.monotonous<Event>((event) => event.at),
        { at: 42.9 },
        0,
      ),
    ).toBe(42);
  });

  it.each([undefined, Number.NaN, '2024-01-01'])('refuses the time %s, naming what is expected', (at) => {
    const strategy = Watermarks.monotonous<Event>((event) => event.at);
    expect(() => assignTimestamp(strategy, { at } as unknown as Event, 0)).toThrow(
      /must answer epoch milliseconds/,
    );
  });
});
