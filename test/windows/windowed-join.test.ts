import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CoGroupedWindows,
  type DataStream,
  EventTimeSessionWindows,
  type JoinedWindows,
  MAX_WATERMARK,
  MIN_WATERMARK,
  SlidingEventTimeWindows,
  type TaggedUnion,
  type TimeWindow,
  TumblingEventTimeWindows,
  type WindowAssigner,
} from '../../src/index.js';
import { crashPoints } from '../operators/crash-point.js';
import {
  disorderedHits,
  type Hit,
  splitStepsOf,
  type TimedHit,
  watermarksOf,
} from '../operators/disordered-hits.js';
import { recordsOf } from '../operators/one-slot-edge.js';
import { openOperators } from '../operators/open-operators.js';
import { endOfInput, record, runEveryWay, type Step, watermark } from '../operators/operator-harness.js';
import { observe, type Pipeline } from '../operators/operator-subtask.js';
import { parallelisms, runSplit } from '../operators/split-run.js';

type Tagged = TaggedUnion<Hit, Hit>;

const first = (n: number, timestamp: number, key = 'a'): Step<Tagged> => record([1, { key, n }], timestamp);
const second = (n: number, timestamp: number, key = 'a'): Step<Tagged> => record([2, { key, n }], timestamp);

const keyOf = (hit: Hit): string => hit.key;

/** The steps go into the window's chain, behind the operators that tag each side's elements: they are tagged already. */
const untagged = (stream: DataStream<Tagged>): DataStream<Hit> => stream as unknown as DataStream<Hit>;

const joined =
  (
    assigner: WindowAssigner<TimeWindow>,
    settings: (
      windows: JoinedWindows<Hit, Hit, string, TimeWindow>,
    ) => JoinedWindows<Hit, Hit, string, TimeWindow> = (windows) => windows,
  ): Pipeline<Tagged> =>
  (one, other) => {
    const windows = untagged(one).join(untagged(other)).where(keyOf).equalTo(keyOf).window(assigner);
    observe(settings(windows).apply((a, b) => `${a.n},${b.n}`));
  };

const coGrouped =
  (
    assigner: WindowAssigner<TimeWindow>,
    settings: (
      windows: CoGroupedWindows<Hit, Hit, string, TimeWindow>,
    ) => CoGroupedWindows<Hit, Hit, string, TimeWindow> = (windows) => windows,
  ): Pipeline<Tagged> =>
  (one, other) => {
    const windows = untagged(one).coGroup(untagged(other)).where(keyOf).equalTo(keyOf).window(assigner);
    const numbers = (hits: readonly Hit[]): string => hits.map(({ n }) => n).join('+');
    observe(settings(windows).apply((a, b) => [`${numbers(a)} | ${numbers(b)}`]));
  };

/** What Flink's documentation (Joining, Window CoGroup) and the behaviour of its tests say, one case a row. */
interface Case {
  readonly what: string;
  readonly pipeline: Pipeline<Tagged>;
  readonly steps: readonly Step<Tagged>[];
  readonly results: readonly string[];
}

const tumbling = TumblingEventTimeWindows.of(2);

const joins: readonly Case[] = [
  {
    what: 'tumbling: all pairs of a window, and nothing of a window that one side leaves empty',
    pipeline: joined(tumbling),
    steps: [
      ...[0, 1, 2, 3, 4, 5].map((n) => first(n, n)),
      ...[0, 1, 3, 6].map((n) => second(n, n)),
      watermark(7),
    ],
    results: ['0,0', '0,1', '1,0', '1,1', '2,3', '3,3'],
  },
  {
    what: 'sliding: a pair is joined in each window that holds both',
    pipeline: joined(SlidingEventTimeWindows.of(4, 2)),
    steps: [first(0, 0), first(1, 3), second(2, 2), watermark(9)],
    results: ['0,2', '1,2', '1,2'],
  },
  {
    what: 'sessions of both sides’ elements together',
    pipeline: joined(EventTimeSessionWindows.withGap(2)),
    steps: [first(1, 1), second(2, 2), first(5, 5), second(6, 8), first(7, 7), watermark(20)],
    results: ['1,2', '5,6', '7,6'],
  },
  {
    what: 'keys join with themselves alone',
    pipeline: joined(tumbling),
    steps: [first(1, 0, 'a'), second(2, 0, 'b'), second(3, 1, 'a'), watermark(1)],
    results: ['1,3'],
  },
  {
    what: 'an element behind its fired window is late and joins nothing',
    pipeline: joined(tumbling),
    steps: [first(1, 0), second(2, 1), watermark(1), second(3, 1), watermark(9)],
    results: ['1,2'],
  },
  {
    what: 'within the allowed lateness the window fires again, with all pairs',
    pipeline: joined(tumbling, (windows) => windows.allowedLateness(2)),
    steps: [first(1, 0), second(2, 1), watermark(1), second(3, 1), watermark(3), second(4, 1)],
    results: ['1,2', '1,2', '1,3'],
  },
];

const coGroups: readonly Case[] = [
  {
    what: 'also windows that one side leaves empty',
    pipeline: coGrouped(tumbling),
    steps: [first(1, 0), first(2, 1), second(3, 0), second(4, 2), first(5, 5), watermark(9)],
    results: ['1+2 | 3', ' | 4', '5 | '],
  },
  {
    what: 'within the allowed lateness a window fires again, with all elements',
    pipeline: coGrouped(tumbling, (windows) => windows.allowedLateness(2)),
    steps: [first(1, 0), watermark(1), second(2, 0), watermark(3), first(3, 0)],
    results: ['1 | ', '1 | 2'],
  },
];

describe.each([
  ['Window join', joins],
  ['Window coGroup', coGroups],
] as const)('%s:', (_title, cases) => {
  it.each(cases.map((each) => [each.what, each] as const))('%s', async (_what, each) => {
    const emitted = await runEveryWay<Tagged>(each.pipeline, [...each.steps, endOfInput]);
    expect(recordsOf(emitted).map(({ value }) => value)).toEqual(each.results);
  });
});

it('A result has the last millisecond of its window as its time', async () => {
  const elements = [first(1, 0), second(2, 1), first(3, 4), second(4, 4)];
  const emitted = await runEveryWay<Tagged>(joined(tumbling), [...elements, watermark(MAX_WATERMARK)]);
  expect(recordsOf(emitted).map(({ timestamp }) => timestamp)).toEqual([1, 5]);
});

it('A window with more pairs than the output holds is suspended, and loses none', async () => {
  const operators = await openOperators<Tagged>(joined(TumblingEventTimeWindows.of(1_000)), 'one-slot');
  for (let n = 0; n < 200; n += 1) {
    operators.offer({ kind: 'record', value: [1, { key: 'a', n }], timestamp: n });
    operators.offer({ kind: 'record', value: [2, { key: 'a', n }], timestamp: n });
  }
  operators.offer({ kind: 'watermark', timestamp: 2_000 });
  operators.work();
  expect(recordsOf(operators.output.emitted)).toHaveLength(40_000);
  expect(operators.output.overdraftMax).toBe(0);
  await operators.close();
}, 60_000);

const hits = disorderedHits(fc.integer({ min: 0, max: 40 }), 12);

const sizeMs = 10;

/** Of those who have the whole input before them: all pairs of a key and window that came before the window's end. */
function naiveJoin(all: readonly TimedHit[], watermarks: readonly number[]): string[] {
  const windowOf = ({ timestamp }: TimedHit): number => Math.floor(timestamp / sizeMs);
  const inTime = all.filter((hit) => {
    const watermarkBefore = hit.n === 0 ? MIN_WATERMARK : watermarks[hit.n - 1]!;
    return (windowOf(hit) + 1) * sizeMs - 1 > watermarkBefore;
  });
  return inTime
    .filter(({ isFirst }) => isFirst)
    .flatMap((one) =>
      inTime
        .filter((other) => !other.isFirst && other.key === one.key && windowOf(other) === windowOf(one))
        .map((other) => `${one.n},${other.n}`),
    );
}

it('For any disorder, split and crash, a window join equals a batch computation', async () => {
  await fc.assert(
    fc.asyncProperty(hits, parallelisms, crashPoints, async (all, parallelism, crash) => {
      const watermarks = watermarksOf(all, -5);
      const steps = splitStepsOf<Tagged>(all, watermarks, ({ key, n, isFirst, timestamp }) =>
        (isFirst ? first : second)(n, timestamp, key),
      );
      const pipeline = joined(TumblingEventTimeWindows.of(sizeMs));
      const emitted = await runSplit<Tagged>(pipeline, steps, parallelism, crash);
      const pairs = recordsOf(emitted).map(({ value }) => String(value));
      expect(pairs.sort()).toEqual(naiveJoin(all, watermarks).sort());
    }),
    { numRuns: 60 },
  );
}, 60_000);
