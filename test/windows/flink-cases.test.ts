import { describe, expect, it } from 'vitest';
import type { DataStream } from '../../src/api/data-stream.js';
import type { KeyedStream } from '../../src/api/keyed-stream.js';
import {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  CountTrigger,
  EventTimeSessionWindows,
  EventTimeTrigger,
  GlobalWindows,
  ProcessingTimeSessionWindows,
  PurgingTrigger,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from '../../src/index.js';
import { MAX_WATERMARK } from '../../src/protocol/stream-elements.js';
import { record, type Step, timePasses, watermark } from '../operators/operator-harness.js';
import { type Hit, processed, reduced, runWindows } from './windowed-run.js';

/**
 * What Flink's documentation (Windows, Event Time) and the behaviour of its tests say of windows, one case a
 * row. Each runs with every checkpoint and crash that the operator harness knows.
 */
interface Case {
  readonly what: string;
  readonly windows: (hits: KeyedStream<Hit, string>) => DataStream<unknown>;
  readonly steps: readonly Step<Hit>[];
  readonly results: readonly string[];
  readonly late?: readonly number[];
}

const hit = (key: string, n: number, timestamp: number): Step<Hit> => record({ key, n }, timestamp);

const assignment: readonly Case[] = [
  {
    what: 'tumbling: a window is [start, end), fires when the watermark reaches end - 1, and not before',
    windows: (hits) => processed(hits.window(TumblingEventTimeWindows.of(10))),
    steps: [hit('a', 1, 0), hit('a', 2, 9), hit('a', 3, 10), watermark(8), hit('a', 4, 5), watermark(9)],
    results: ['a [0,10) 1+2+4'],
  },
  {
    what: 'tumbling with an offset, and before 1970',
    windows: (hits) => processed(hits.window(TumblingEventTimeWindows.of(10, 3))),
    steps: [hit('a', 1, 2), hit('a', 2, 3), hit('a', 3, -8), watermark(30)],
    results: ['a [-17,-7) 3', 'a [-7,3) 1', 'a [3,13) 2'],
  },
  {
    what: 'sliding: an element is in size / slide windows',
    windows: (hits) => processed(hits.window(SlidingEventTimeWindows.of(10, 5))),
    steps: [hit('a', 1, 0), hit('a', 2, 6), watermark(30)],
    results: ['a [-5,5) 1', 'a [0,10) 1+2', 'a [5,15) 2'],
  },
  {
    what: 'sliding by a slide that does not divide the size',
    windows: (hits) => processed(hits.window(SlidingEventTimeWindows.of(5, 3))),
    steps: [hit('a', 1, 3), hit('a', 2, 5), watermark(30)],
    results: ['a [0,5) 1', 'a [3,8) 1+2'],
  },
  {
    what: 'keys have windows of their own',
    windows: (hits) => reduced(hits.window(TumblingEventTimeWindows.of(10))),
    steps: [hit('a', 1, 1), hit('b', 2, 12), hit('a', 3, 3), watermark(9), watermark(19)],
    results: ['a [0,10) 4', 'b [10,20) 2'],
  },
  {
    what: 'one watermark fires windows in the order of their ends',
    windows: (hits) => reduced(hits.window(TumblingEventTimeWindows.of(10))),
    steps: [hit('a', 3, 25), hit('a', 1, 5), hit('a', 2, 15), watermark(MAX_WATERMARK)],
    results: ['a [0,10) 1', 'a [10,20) 2', 'a [20,30) 3'],
  },
];

const lateness: readonly Case[] = [
  {
    what: 'without allowed lateness an element behind its fired window is late',
    windows: (hits) => reduced(hits.window(TumblingEventTimeWindows.of(10))),
    steps: [hit('a', 1, 1), watermark(9), hit('a', 2, 2), hit('a', 3, 10)],
    results: ['a [0,10) 1'],
    late: [2],
  },
  {
    what: 'an element behind the watermark is not late while its window is open',
    windows: (hits) => reduced(hits.window(TumblingEventTimeWindows.of(10))),
    steps: [watermark(7), hit('a', 1, 1), watermark(9)],
    results: ['a [0,10) 1'],
  },
  {
    what: 'within the allowed lateness the window fires again for each element, up to its cleanup time',
    windows: (hits) => reduced(hits.window(TumblingEventTimeWindows.of(10)).allowedLateness(5)),
    steps: [
      hit('a', 1, 1),
      watermark(9),
      hit('a', 2, 2),
      watermark(13),
      hit('a', 3, 3),
      watermark(14),
      hit('a', 4, 4),
    ],
    results: ['a [0,10) 1', 'a [0,10) 3', 'a [0,10) 6'],
    late: [4],
  },
  {
    what: 'a late first element within the allowed lateness makes its window and fires at once',
    windows: (hits) => processed(hits.window(TumblingEventTimeWindows.of(10)).allowedLateness(5)),
    steps: [watermark(12), hit('a', 1, 1), watermark(20)],
    results: ['a [0,10) 1'],
  },
  {
    what: 'an element is late only when all of its windows are gone',
    windows: (hits) => processed(hits.window(SlidingEventTimeWindows.of(10, 5))),
    steps: [watermark(9), hit('a', 1, 6), hit('a', 2, 4), watermark(14)],
    results: ['a [5,15) 1'],
    late: [2],
  },
  {
    what: 'purging: what fires again within the lateness shows the late elements alone',
    windows: (hits) =>
      reduced(
        hits
          .window(TumblingEventTimeWindows.of(10))
          .allowedLateness(5)
          .trigger(PurgingTrigger.of(EventTimeTrigger.create())),
      ),
    steps: [hit('a', 1, 1), watermark(9), hit('a', 2, 2), hit('a', 3, 3), watermark(14)],
    results: ['a [0,10) 1', 'a [0,10) 2', 'a [0,10) 3'],
  },
];

const sessions: readonly Case[] = [
  {
    what: 'a session ends a gap after its last element',
    windows: (hits) => processed(hits.window(EventTimeSessionWindows.withGap(3))),
    steps: [hit('a', 1, 0), hit('a', 2, 2), hit('a', 3, 5), hit('a', 4, 20), watermark(30)],
    results: ['a [0,8) 1+2+3', 'a [20,23) 4'],
  },
  {
    what: 'sessions that touch are one: the end of the first is the start of the second',
    windows: (hits) => reduced(hits.window(EventTimeSessionWindows.withGap(3))),
    steps: [hit('a', 1, 0), hit('a', 2, 3), hit('a', 4, 7), watermark(30)],
    results: ['a [0,6) 3', 'a [7,10) 4'],
  },
  {
    what: 'an element between two sessions makes them one, with all their contents',
    windows: (hits) => processed(hits.window(EventTimeSessionWindows.withGap(5))),
    steps: [hit('a', 1, 0), hit('a', 2, 8), hit('a', 3, 16), hit('a', 4, 4), hit('a', 5, 12), watermark(40)],
    results: ['a [0,21) 1+2+4+3+5'],
  },
  {
    what: 'the timers of merged sessions do not fire',
    windows: (hits) => reduced(hits.window(EventTimeSessionWindows.withGap(5))),
    steps: [hit('a', 1, 0), hit('a', 2, 4), watermark(4), watermark(7), hit('a', 3, 8), watermark(12)],
    results: ['a [0,13) 6'],
  },
  {
    what: 'a late element joins a session that is still alive, and is late by itself',
    windows: (hits) => reduced(hits.window(EventTimeSessionWindows.withGap(3))),
    steps: [hit('a', 1, 10), watermark(9), hit('a', 2, 7), hit('a', 3, 2), watermark(30)],
    results: ['a [7,13) 3'],
    late: [3],
  },
  {
    what: 'a fired session within the allowed lateness grows and fires again',
    windows: (hits) => reduced(hits.window(EventTimeSessionWindows.withGap(3)).allowedLateness(10)),
    steps: [hit('a', 1, 0), watermark(2), hit('a', 2, 1), watermark(4), watermark(13), hit('a', 4, 0)],
    results: ['a [0,3) 1', 'a [0,4) 3'],
    late: [4],
  },
];

const triggers: readonly Case[] = [
  {
    what: 'the global window never fires by itself',
    windows: (hits) => reduced(hits.window(GlobalWindows.create())),
    steps: [hit('a', 1, 0), watermark(MAX_WATERMARK)],
    results: [],
  },
  {
    what: 'a count trigger fires each time, and keeps the contents',
    windows: (hits) => processed(hits.window(GlobalWindows.create()).trigger(CountTrigger.of(2))),
    steps: [1, 2, 3, 4, 5].map((n) => hit('a', n, n)),
    results: ['a global 1+2', 'a global 1+2+3+4'],
  },
  {
    what: 'a count window',
    windows: (hits) => reduced(hits.countWindow(2)),
    steps: [hit('a', 1, 0), hit('b', 10, 0), hit('a', 2, 0), hit('a', 3, 0), hit('b', 20, 0), hit('a', 4, 0)],
    results: ['a global 3', 'b global 30', 'a global 7'],
  },
  {
    what: 'a sliding count window shows the newest elements, fewer at first',
    windows: (hits) => processed(hits.countWindow(3, 2)),
    steps: [1, 2, 3, 4, 5, 6, 7].map((n) => hit('a', n, n)),
    results: ['a global 1+2', 'a global 2+3+4', 'a global 4+5+6'],
  },
  {
    what: 'a sliding count window, reduced',
    windows: (hits) => reduced(hits.countWindow(3, 2)),
    steps: [1, 2, 3, 4].map((n) => hit('a', n, n)),
    results: ['a global 3', 'a global 9'],
  },
  {
    what: 'counts of merged sessions are added up',
    windows: (hits) => reduced(hits.window(EventTimeSessionWindows.withGap(5)).trigger(CountTrigger.of(3))),
    steps: [hit('a', 1, 0), hit('a', 2, 8), hit('a', 4, 4), watermark(40)],
    results: ['a [0,13) 7'],
  },
  {
    what: 'a continuous event-time trigger fires at each multiple of its interval, and at the end',
    windows: (hits) =>
      reduced(hits.window(TumblingEventTimeWindows.of(10)).trigger(ContinuousEventTimeTrigger.of(4))),
    steps: [hit('a', 1, 1), watermark(4), hit('a', 2, 5), watermark(8), watermark(9)],
    results: ['a [0,10) 1', 'a [0,10) 3', 'a [0,10) 3'],
  },
  {
    what: 'purging the contents after each count',
    windows: (hits) =>
      reduced(hits.window(TumblingEventTimeWindows.of(10)).trigger(PurgingTrigger.of(CountTrigger.of(2)))),
    steps: [hit('a', 1, 1), hit('a', 2, 2), hit('a', 4, 3), watermark(9), hit('a', 8, 12), hit('a', 16, 13)],
    results: ['a [0,10) 3', 'a [10,20) 24'],
  },
];

describe.each([
  ['Assignment and firing', assignment],
  ['Late data', lateness],
  ['Sessions', sessions],
  ['Triggers', triggers],
] as const)('%s:', (_title, cases) => {
  it.each(cases.map((each) => [each.what, each] as const))('%s', async (_what, each) => {
    const run = await runWindows(each.windows, each.steps);
    expect(run.results).toEqual(each.results);
    expect(run.late).toEqual(each.late ?? []);
  });
});

describe('Processing time:', () => {
  it('a window fires when the clock passes its end, and elements need no event time', async () => {
    const run = await runWindows(
      (hits) => reduced(hits.window(TumblingProcessingTimeWindows.of(100))),
      [hit('a', 1, 0), hit('a', 2, 0), timePasses(100), hit('a', 4, 0), timePasses(100)],
    );
    expect(run.results.map((each) => String(each).split(' ')[2])).toEqual(['3', '4']);
  });

  it('a session ends when nothing has come for its gap', async () => {
    const run = await runWindows(
      (hits) => reduced(hits.window(ProcessingTimeSessionWindows.withGap(50))),
      [
        hit('a', 1, 0),
        timePasses(30),
        hit('a', 2, 0),
        hit('b', 8, 0),
        timePasses(60),
        hit('a', 4, 0),
        timePasses(60),
      ],
    );
    expect(run.results.map((each) => String(each).split(' ')[2]).sort()).toEqual(['3', '4', '8']);
  });

  it('a continuous trigger fires while the window lives', async () => {
    const run = await runWindows(
      (hits) => reduced(hits.window(GlobalWindows.create()).trigger(ContinuousProcessingTimeTrigger.of(100))),
      [hit('a', 1, 0), timePasses(100), hit('a', 2, 0), timePasses(100)],
    );
    expect(run.results).toEqual(['a global 1', 'a global 3']);
  });
});

describe('A window’s results', () => {
  it('carry the last moment of the window', async () => {
    const run = await runWindows(
      (hits) => reduced(hits.window(TumblingEventTimeWindows.of(10))),
      [hit('a', 1, 3), hit('a', 2, 17), watermark(30)],
    );
    expect(run.timestamps).toEqual([9, 19]);
  });
});
