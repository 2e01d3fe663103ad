import fc from 'fast-check';
import { MAX_WATERMARK } from '../../src/index.js';
import { endOfInput, type Step, watermark } from './operator-harness.js';
import type { SplitStep } from './split-run.js';

/** An element of one of two streams that are joined. */
export interface Hit {
  readonly key: string;
  /** Its place among all of the input. */
  readonly n: number;
}

export interface TimedHit extends Hit {
  readonly isFirst: boolean;
  readonly timestamp: number;
  /** How far the watermark advances behind it. */
  readonly advance: number;
}

export function disorderedHits(
  timestamp: fc.Arbitrary<number>,
  maxLength: number,
): fc.Arbitrary<readonly TimedHit[]> {
  return fc
    .array(
      fc.record({
        key: fc.constantFrom('a', 'b', 'c', 'd'),
        isFirst: fc.boolean(),
        timestamp,
        advance: fc.constantFrom(0, 0, 2, 7),
      }),
      { minLength: 1, maxLength },
    )
    .map((all) => all.map((each, n) => ({ ...each, n })));
}

/** The watermark behind each of them. */
export function watermarksOf(all: readonly TimedHit[], begin: number): readonly number[] {
  let time = begin;
  return all.map(({ advance }) => {
    time += advance;
    return time;
  });
}

/** Each with its watermark behind it, and the end of the input. */
export function splitStepsOf<In>(
  all: readonly TimedHit[],
  watermarks: readonly number[],
  stepOf: (hit: TimedHit) => Step<In>,
): SplitStep<In>[] {
  const steps = all.flatMap((hit): SplitStep<In>[] => [
    { key: hit.key, step: stepOf(hit) },
    { key: undefined, step: watermark(watermarks[hit.n]!) },
  ]);
  return [...steps, ...[watermark(MAX_WATERMARK), endOfInput].map((step) => ({ key: undefined, step }))];
}
