import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Collector,
  type IntervalJoined,
  type JoinContext,
  type MapState,
  MIN_WATERMARK,
  OutputTag,
  ProcessJoinFunction,
  type RuntimeContext,
} from '../../src/index.js';
import { crashPoints } from './crash-point.js';
import { disorderedHits, type Hit, splitStepsOf, type TimedHit, watermarksOf } from './disordered-hits.js';
import { recordsOf } from './one-slot-edge.js';
import { openOperators } from './open-operators.js';
import { endOfInput, record, runEveryWay, type Step, secondRecord, watermark } from './operator-harness.js';
import { observe, type Pipeline } from './operator-subtask.js';
import { parallelisms, runSplit } from './split-run.js';

const late = new OutputTag<Hit>('late');

/** Says which two, and the time that the result has. */
class Pair extends ProcessJoinFunction<Hit, Hit, string> {
  processElement(left: Hit, right: Hit, context: JoinContext, out: Collector<string>): void {
    expect(context.timestamp).toBe(Math.max(context.leftTimestamp, context.rightTimestamp));
    out.collect(`${left.n},${right.n}`);
  }
}

const keyOf = (hit: Hit): string => hit.key;

const joined =
  (between: Between): Pipeline<Hit> =>
  (left, right) => {
    const join = between(left.keyBy(keyOf).intervalJoin(right.keyBy(keyOf)));
    const pairs = join.sideOutputLeftLateData(late).sideOutputRightLateData(late).process(new Pair());
    observe(pairs);
    observe(pairs.sideOutput(late));
  };

type Between = (join: {
  between(lower: number, upper: number): IntervalJoined<Hit, Hit, string>;
}) => IntervalJoined<Hit, Hit, string>;

/** An element whose number is its time. */
const left = (n: number, key = 'a'): Step<Hit> => record({ key, n }, n);
const right = (n: number, key = 'a'): Step<Hit> => secondRecord({ key, n }, n);

const oneToFour: readonly Step<Hit>[] = [1, 2, 3, 4].flatMap((n) => [left(n), right(n)]);

/**
 * What Flink's documentation (Joining) and the behaviour of its tests say of interval joins, one case a row.
 * Each runs with every checkpoint and crash that the operator harness knows.
 */
interface Case {
  readonly what: string;
  readonly between: Between;
  readonly steps: readonly Step<Hit>[];
  /** left,right */
  readonly pairs: readonly string[];
  readonly late?: readonly number[];
}

const bounds: readonly Case[] = [
  {
    what: 'both bounds are inclusive',
    between: (join) => join.between(-1, 1),
    steps: oneToFour,
    pairs: ['1,1', '2,1', '1,2', '2,2', '3,2', '2,3', '3,3', '4,3', '3,4', '4,4'],
  },
  {
    what: 'both negative: right elements are earlier',
    between: (join) => join.between(-2, -1),
    steps: oneToFour,
    pairs: ['2,1', '3,1', '3,2', '4,2', '4,3'],
  },
  {
    what: 'both positive: right elements are later',
    between: (join) => join.between(1, 2),
    steps: oneToFour,
    pairs: ['1,2', '1,3', '2,3', '2,4', '3,4'],
  },
  {
    what: 'the same: right elements exactly so much later',
    between: (join) => join.between(2, 2),
    steps: oneToFour,
    pairs: ['1,3', '2,4'],
  },
  {
    what: 'both exclusive, around the left element',
    between: (join) => join.between(-1, 1).lowerBoundExclusive().upperBoundExclusive(),
    steps: oneToFour,
    pairs: ['1,1', '2,2', '3,3', '4,4'],
  },
  {
    what: 'both exclusive and negative',
    between: (join) => join.between(-3, -1).lowerBoundExclusive().upperBoundExclusive(),
    steps: oneToFour,
    pairs: ['3,1', '4,2'],
  },
  {
    what: 'the lower exclusive alone',
    between: (join) => join.between(-1, 1).lowerBoundExclusive(),
    steps: oneToFour,
    pairs: ['1,1', '1,2', '2,2', '2,3', '3,3', '3,4', '4,4'],
  },
  {
    what: 'the upper exclusive alone',
    between: (join) => join.between(-1, 1).upperBoundExclusive(),
    steps: oneToFour,
    pairs: ['1,1', '2,1', '2,2', '3,2', '3,3', '4,3', '4,4'],
  },
  {
    what: 'a key’s elements join with those of its key alone',
    between: (join) => join.between(-5, 5),
    steps: [left(1, 'a'), left(2, 'b'), right(3, 'b'), right(4, 'a')],
    pairs: ['2,3', '1,4'],
  },
  {
    what: 'elements of one time join each, in the order in which they came',
    between: (join) => join.between(0, 0),
    steps: [
      record({ key: 'a', n: 1 }, 5),
      record({ key: 'a', n: 2 }, 5),
      secondRecord({ key: 'a', n: 3 }, 5),
    ],
    pairs: ['1,3', '2,3'],
  },
  {
    what: 'out of order, within the watermark',
    between: (join) => join.between(-2, 2),
    steps: [right(9), left(4), watermark(3), right(5), left(10), right(3)],
    pairs: ['4,5', '10,9', '4,3'],
  },
];

const lateness: readonly Case[] = [
  {
    what: 'an element behind the watermark is late, on either side, and joins nothing',
    between: (join) => join.between(-5, 5),
    steps: [left(10), right(10), watermark(9), left(8), right(7), left(9), right(12)],
    pairs: ['10,10', '9,10', '10,12', '9,12'].sort(),
    late: [8, 7],
  },
  {
    what: 'before the first watermark nothing is late',
    between: (join) => join.between(0, 0),
    steps: [left(-100), right(-100)],
    pairs: ['-100,-100'],
  },
  {
    what: 'an element is kept until the watermark reaches the last time that it joins',
    between: (join) => join.between(0, 4),
    steps: [left(1), watermark(4), right(5), watermark(5), right(5), left(5)],
    pairs: ['1,5', '5,5'],
  },
  {
    what: 'a right element waits as long as a left one may come for it',
    between: (join) => join.between(-3, -1),
    steps: [right(1), watermark(3), left(4), watermark(4), left(4)],
    pairs: ['4,1'],
  },
];

describe.each([
  ['Bounds of an interval join', bounds],
  ['Late data of an interval join', lateness],
] as const)('%s:', (_title, cases) => {
  it.each(cases.map((each) => [each.what, each] as const))('%s', async (_what, each) => {
    const emitted = await runEveryWay<Hit>(joined(each.between), [...each.steps, endOfInput]);
    const pairs = recordsOf(emitted, 0).map(({ value }) => value);
    expect(each.late === undefined ? pairs : pairs.sort()).toEqual(each.pairs);
    expect(recordsOf(emitted, 1).map(({ value }) => (value as Hit).n)).toEqual(each.late ?? []);
  });
});

it('A result has the later of its elements’ times', async () => {
  const emitted = await runEveryWay<Hit>(
    joined((join) => join.between(-5, 5)),
    [left(3), right(1), right(7), endOfInput],
  );
  expect(recordsOf(emitted, 0).map(({ timestamp }) => timestamp)).toEqual([3, 7]);
});

it('What can no longer join is no longer in the state', async () => {
  /** The times that both sides keep, whenever two elements join. */
  class ShowKept extends ProcessJoinFunction<Hit, Hit, unknown> {
    private left!: MapState<number, unknown>;
    private right!: MapState<number, unknown>;

    override open(context: RuntimeContext): void {
      this.left = context.getMapState<number, unknown>({ name: 'interval-join:left' });
      this.right = context.getMapState<number, unknown>({ name: 'interval-join:right' });
    }

    processElement(_left: Hit, _right: Hit, _context: JoinContext, out: Collector<unknown>): void {
      out.collect([[...this.left.keys()], [...this.right.keys()]]);
    }
  }
  const emitted = await runEveryWay<Hit>(
    (first, second) =>
      observe(first.keyBy(keyOf).intervalJoin(second.keyBy(keyOf)).between(-2, 3).process(new ShowKept())),
    [
      left(1),
      right(1),
      left(2),
      right(9),
      watermark(3),
      right(4),
      watermark(5),
      left(10),
      watermark(40),
      left(50),
      right(50),
      endOfInput,
    ],
  );
  expect(recordsOf(emitted, 0).map(({ value }) => value)).toEqual([
    [[1], [1]],
    [[1, 2], [1]],
    [
      [1, 2],
      [4, 9],
    ],
    [
      [1, 2],
      [4, 9],
    ],
    [[10], [4, 9]],
    [[50], [50]],
  ]);
});

it('An element that joins more than the output holds is suspended, and loses nothing', async () => {
  const operators = await openOperators<Hit>(
    joined((join) => join.between(-1, 1)),
    'one-slot',
  );
  for (let n = 0; n < 20_000; n += 1) {
    operators.offer({ kind: 'record', value: { key: 'a', n }, timestamp: 1 + (n % 2) });
  }
  operators.offer({ kind: 'record', value: { key: 'a', n: -1 }, timestamp: 1, input: 1 });
  operators.work();
  expect(operators.output.emitted).toHaveLength(20_000);
  expect(operators.output.overdraftMax).toBe(0);
  await operators.close();
}, 60_000);

const hits = disorderedHits(fc.integer({ min: -10, max: 30 }), 14);

const anyBounds = fc
  .tuple(fc.integer({ min: -8, max: 8 }), fc.nat(10))
  .map(([lower, width]) => ({ lower, upper: lower + width }));

/** Of those who have the whole input before them: two join when neither was late, and the first was still kept. */
function naiveJoin(
  all: readonly TimedHit[],
  watermarks: readonly number[],
  { lower, upper }: { readonly lower: number; readonly upper: number },
): string[] {
  const watermarkBefore = (n: number): number => (n === 0 ? MIN_WATERMARK : watermarks[n - 1]!);
  const inTime = all.filter(({ n, timestamp }) => timestamp >= watermarkBefore(n));
  return inTime.flatMap((second) =>
    inTime.flatMap((first) => {
      if (first.n >= second.n || first.key !== second.key || first.isFirst === second.isFirst) return [];
      const [l, r] = first.isFirst ? [first, second] : [second, first];
      const distance = r.timestamp - l.timestamp;
      const keptUntil = first.timestamp + Math.max(0, first.isFirst ? upper : -lower);
      const isKept =
        keptUntil > watermarkBefore(second.n) || watermarkBefore(second.n) === watermarkBefore(first.n);
      if (distance < lower || distance > upper || !isKept) return [];
      return [`${l.n},${r.n}`];
    }),
  );
}

it('For any disorder, bounds, split and crash, an interval join equals a batch computation', async () => {
  await fc.assert(
    fc.asyncProperty(hits, anyBounds, parallelisms, crashPoints, async (all, bound, parallelism, crash) => {
      const watermarks = watermarksOf(all, -10);
      const steps = splitStepsOf<Hit>(all, watermarks, ({ key, n, isFirst, timestamp }) =>
        (isFirst ? record : secondRecord)({ key, n }, timestamp),
      );
      const pipeline = joined((join) => join.between(bound.lower, bound.upper));
      const emitted = await runSplit<Hit>(pipeline, steps, parallelism, crash);
      const pairs = recordsOf(emitted, 0).map(({ value }) => String(value));
      expect(pairs.sort()).toEqual(naiveJoin(all, watermarks, bound).sort());
    }),
    { numRuns: 100 },
  );
}, 60_000);
