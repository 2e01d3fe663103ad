import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DataStream,
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  type TimeWindow,
  TumblingEventTimeWindows,
  type WindowAssigner,
} from '../../src/index.js';
import { MAX_WATERMARK, MIN_WATERMARK } from '../../src/protocol/stream-elements.js';
import { type CrashPoint, crashPoints } from '../operators/crash-point.js';
import { endOfInput, record, watermark } from '../operators/operator-harness.js';
import { observe } from '../operators/operator-subtask.js';
import { parallelisms, runSplit, type SplitStep } from '../operators/split-run.js';
import { type Hit, processed, reduced } from './windowed-run.js';

/**
 * Windows over any stream, on any split of the keys over subtasks, with a crash anywhere, against what a
 * program would compute that has the whole input before it.
 */
interface TimedHit extends Hit {
  readonly timestamp: number;
  /** How far the watermark advances behind it. */
  readonly advance: number;
}

const keys = ['a', 'b', 'c', 'd', 'e', 'f'];

/** The n are powers of ten apart, so that a sum says what is in it. */
const hits: fc.Arbitrary<readonly TimedHit[]> = fc
  .array(
    fc.record({
      key: fc.constantFrom(...keys),
      timestamp: fc.integer({ min: -20, max: 60 }),
      advance: fc.constantFrom(0, 0, 3, 10, 25),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .map((all) => all.map((each, index) => ({ ...each, n: 10 ** index })));

/** The watermark after each hit: it rises as the hits say. */
function watermarksOf(all: readonly TimedHit[]): number[] {
  let time = -20;
  return all.map(({ advance }) => {
    time += advance;
    return time;
  });
}

async function runWindowed(
  all: readonly TimedHit[],
  watermarks: readonly number[],
  parallelism: number,
  windows: Parameters<typeof observeWindows>[1],
  crash: CrashPoint,
): Promise<string[]> {
  const steps: SplitStep<Hit>[] = all.flatMap(({ key, n, timestamp }, at) => [
    { key, step: record({ key, n }, timestamp) },
    { key: undefined, step: watermark(watermarks[at]!) },
  ]);
  const end = [watermark(MAX_WATERMARK), endOfInput].map((step) => ({ key: undefined, step }));
  const emitted = await runSplit<Hit>(
    (input) => observeWindows(input, windows),
    [...steps, ...end],
    parallelism,
    crash,
  );
  return emitted.flatMap((each) => (each.kind === 'record' ? [String(each.value)] : [])).sort();
}

function observeWindows(
  input: DataStream<Hit>,
  { assigner, keep }: { readonly assigner: WindowAssigner<TimeWindow>; readonly keep: 'elements' | 'sum' },
): void {
  const windowed = input.keyBy((hit) => hit.key).window(assigner);
  observe(keep === 'sum' ? reduced(windowed) : processed(windowed));
}

/** Of windows of a fixed size: each hit is in all windows that hold it and had not ended when it came. */
function batchFixed(
  all: readonly TimedHit[],
  watermarks: readonly number[],
  size: number,
  slide: number,
): ReadonlyMap<string, readonly number[]> {
  const windows = new Map<string, number[]>();
  all.forEach(({ key, n, timestamp }, at) => {
    const watermarkBefore = at === 0 ? MIN_WATERMARK : watermarks[at - 1]!;
    for (let start = -200; start <= timestamp; start += slide) {
      const end = start + size;
      if (timestamp >= end || end - 1 <= watermarkBefore) continue;
      const name = `${key} [${start},${end})`;
      windows.set(name, [...(windows.get(name) ?? []), n]);
    }
  });
  return windows;
}

/** Of hits of which none is late: sorted by time, a session goes on while the next is at most a gap away. */
function batchSessions(all: readonly TimedHit[], gap: number): string[] {
  return keys.flatMap((key) => {
    const sessions: { start: number; end: number; sum: number }[] = [];
    for (const { n, timestamp } of all
      .filter((each) => each.key === key)
      .sort((a, b) => a.timestamp - b.timestamp)) {
      const last = sessions.at(-1);
      if (last !== undefined && timestamp <= last.end) {
        last.end = timestamp + gap;
        last.sum += n;
      } else sessions.push({ start: timestamp, end: timestamp + gap, sum: n });
    }
    return sessions.map(({ start, end, sum }) => `${key} [${start},${end}) ${sum}`);
  });
}

/** Each run is up to four subtasks, each restored once. */
const numRuns = 60;

describe('For any disorder, split and crash, windows equal a batch computation:', () => {
  it.each([
    ['tumbling', 10, 10],
    ['sliding', 12, 4],
    ['sliding unevenly', 10, 4],
  ])('%s, late hits included', async (_what, size, slide) => {
    const assigner =
      size === slide ? TumblingEventTimeWindows.of(size) : SlidingEventTimeWindows.of(size, slide);
    await fc.assert(
      fc.asyncProperty(
        hits,
        parallelisms,
        crashPoints,
        fc.constantFrom('elements', 'sum'),
        async (all, parallelism, at, keep) => {
          const watermarks = watermarksOf(all);
          const expected = [...batchFixed(all, watermarks, size, slide)].map(
            ([name, ns]) => `${name} ${keep === 'sum' ? ns.reduce((a, b) => a + b) : ns.join('+')}`,
          );
          const results = await runWindowed(all, watermarks, parallelism, { assigner, keep }, at);
          expect(results).toEqual(expected.sort());
        },
      ),
      { numRuns },
    );
  });

  it('sessions, as far as the watermark lets them merge', async () => {
    const assigner = EventTimeSessionWindows.withGap(6);
    await fc.assert(
      fc.asyncProperty(hits, parallelisms, crashPoints, async (all, parallelism, at) => {
        // Behind every hit that is to come, by one more than need be: of two sessions exactly a gap apart the
        // first is over when the watermark is just before the second, in Flink as here.
        const watermarks = all.map((_, index) =>
          Math.min(...all.slice(index + 1).map(({ timestamp }) => timestamp - 2), 60),
        );
        const results = await runWindowed(all, watermarks, parallelism, { assigner, keep: 'sum' }, at);
        expect(results).toEqual(batchSessions(all, 6).sort());
      }),
      { numRuns },
    );
  });
});
