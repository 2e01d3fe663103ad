import { describe, expect, it } from 'vitest';
import type { DataStream } from '../../src/api/data-stream.js';
import {
  type Collector,
  type DeepReadonly,
  EventTimeSessionWindows,
  GlobalWindows,
  type KeyedStream,
  OutputTag,
  type ProcessWindowContext,
  ProcessWindowFunction,
  type TimeWindow,
  Trigger,
  type TriggerContext,
  type TriggerResult,
  TumblingEventTimeWindows,
  type Window,
} from '../../src/index.js';
import { openOperators } from '../operators/open-operators.js';
import { record, watermark } from '../operators/operator-harness.js';
import { observe } from '../operators/operator-subtask.js';
import { type Hit, late, runWindows, sum } from './windowed-run.js';

const hit = (n: number, timestamp: number, key = 'a') => record({ key, n }, timestamp);
const tumbling = TumblingEventTimeWindows.of(10);

/** Fires at once for a large hit, and at the window's end if one was large. */
class LargeHits extends Trigger<Hit, Window> {
  onElement(
    { n }: DeepReadonly<Hit>,
    _timestamp: number,
    window: Window,
    context: TriggerContext,
  ): TriggerResult {
    if (n < 100) return 'CONTINUE';
    context.getState<boolean>({ name: 'had-large' }).update(true);
    context.registerEventTimeTimer(window.maxTimestamp);
    return 'FIRE';
  }

  onEventTime(time: number, window: Window, context: TriggerContext): TriggerResult {
    const hadLarge = context.getState<boolean>({ name: 'had-large' }).value() ?? false;
    return hadLarge && time === window.maxTimestamp ? 'FIRE' : 'CONTINUE';
  }

  onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  clear(_window: Window, context: TriggerContext): void {
    context.getState<boolean>({ name: 'had-large' }).clear();
  }
}

/** Numbers the firings of each window, and emits small sums beside. */
class CountFirings extends ProcessWindowFunction<string, Hit, string, TimeWindow> {
  static readonly small = late;

  process(
    key: string,
    context: ProcessWindowContext<TimeWindow>,
    [hits]: readonly DeepReadonly<Hit>[],
    out: Collector<string>,
  ): void {
    const firings = context.windowState.getState<number>({ name: 'firings', defaultValue: 0 });
    firings.update(firings.value()! + 1);
    if (hits!.n < 10) context.output(CountFirings.small, hits as Hit);
    out.collect(
      `${key} ${context.window.start} #${firings.value()} ${hits!.n} at ${context.currentWatermark()}`,
    );
  }

  override clear(context: ProcessWindowContext<TimeWindow>): void {
    context.windowState.getState<number>({ name: 'firings' }).clear();
  }
}

const anything = (stream: unknown) => stream as DataStream<unknown>;

describe('Windows with functions of the user’s', () => {
  it('aggregate into one accumulator, and emit its result as it is', async () => {
    const run = await runWindows(
      (hits) =>
        anything(
          hits.window(tumbling).aggregate({
            createAccumulator: () => ({ sum: 0, count: 0 }),
            add: ({ n }, { sum, count }) => ({ sum: sum + n, count: count + 1 }),
            getResult: ({ sum, count }) => sum / count,
          }),
        ),
      [hit(1, 1), hit(2, 2), hit(6, 3), hit(5, 11), watermark(30)],
    );
    expect(run.results).toEqual([3, 5]);
  });

  it('merge the accumulators of sessions', async () => {
    const run = await runWindows(
      (hits) =>
        anything(
          hits.window(EventTimeSessionWindows.withGap(5)).aggregate({
            createAccumulator: () => '',
            add: ({ n }, text) => text + n,
            getResult: (text) => `(${text})`,
            merge: (a, b) => `${a}|${b}`,
          }),
        ),
      [hit(1, 0), hit(2, 8), hit(3, 1), hit(4, 4), watermark(30)],
    );
    expect(run.results).toEqual(['(13|24)']);
  });

  it('keep state of the window and emit to side outputs', async () => {
    const run = await runWindows(
      (hits) => anything(hits.window(tumbling).allowedLateness(5).reduce(sum, new CountFirings())),
      [hit(1, 1), watermark(9), hit(20, 2), watermark(14), watermark(15), hit(30, 12), watermark(40)],
    );
    expect(run.results).toEqual(['a 0 #1 1 at 9', 'a 0 #2 21 at 9', 'a 10 #1 30 at 40']);
    expect(run.late).toEqual([1]);
  });

  it('fire by a trigger of the user’s, with state of its own', async () => {
    const run = await runWindows(
      (hits) => anything(hits.window(tumbling).trigger(new LargeHits()).reduce(sum)),
      [hit(1, 1), hit(2, 12), hit(100, 13), watermark(9), watermark(19), hit(5, 25), watermark(29)],
    );
    expect(run.results).toEqual([
      { key: 'a', n: 102 },
      { key: 'a', n: 102 },
    ]);
  });

  it('keep large windows in chunks, and merge those too', async () => {
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    class Count extends ProcessWindowFunction<string, Hit, number> {
      process(
        _key: string,
        _context: unknown,
        hits: readonly DeepReadonly<Hit>[],
        out: Collector<number>,
      ): void {
        expect(hits.map(({ n }) => n)).toEqual(numbers.slice(0, hits.length));
        out.collect(hits.length);
      }
    }
    const run = await runWindows(
      (hits) => anything(hits.window(EventTimeSessionWindows.withGap(100)).process(new Count())),
      [...numbers.map((n) => hit(n, n)), watermark(500)],
    );
    expect(run.results).toEqual([40]);
  });
});

const unread = new OutputTag<Hit>('unread');

async function errorOf(
  windows: (hits: KeyedStream<Hit, string>) => DataStream<never> | DataStream<Hit>,
  timestamp = 1,
): Promise<unknown> {
  const operators = await openOperators<Hit>((input) =>
    observe(anything(windows(input.keyBy(({ key }) => key)))),
  );
  try {
    operators.offer({ kind: 'record', value: { key: 'a', n: 1 }, timestamp });
    operators.offer({ kind: 'record', value: { key: 'a', n: 1 }, timestamp });
    operators.offer({ kind: 'watermark', timestamp: 100 });
    operators.work();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}

it('A late element without a side output is counted', async () => {
  const operators = await openOperators<Hit>((input) =>
    observe(
      input
        .keyBy(({ key }) => key)
        .window(tumbling)
        .reduce(sum),
    ),
  );
  for (const each of [hit(1, 1), watermark(12), hit(2, 2), hit(3, 13), hit(4, 3)]) {
    operators.offer(each as Parameters<typeof operators.offer>[0]);
  }
  operators.work();
  expect(operators.numLateRecordsDropped).toBe(2);
});

describe('What goes wrong in a window', () => {
  it('is told with its operator and cause: a function that throws', async () => {
    const cause = new Error('on purpose');
    const error = await errorOf((hits) =>
      hits.window(tumbling).reduce(
        () => {
          throw cause;
        },
        { uid: 'broken' },
      ),
    );
    expect(error).toMatchObject({
      message: 'A function of the window of operator "broken" (subtask 0) threw.',
      cause,
    });
  });

  it('is told: a function that returns a promise', async () => {
    const error = await errorOf((hits) => hits.window(tumbling).reduce((async () => 1) as never));
    expect(String(error)).toContain('returned a promise; functions must be synchronous');
  });

  it('is told: an answer of a trigger that is none', async () => {
    class Mute extends LargeHits {
      override onElement = (): TriggerResult => undefined as never;
    }
    const error = await errorOf((hits) =>
      hits.window(GlobalWindows.create()).trigger(new Mute()).reduce(sum),
    );
    expect(String(error)).toContain("it must answer 'CONTINUE', 'FIRE', 'PURGE' or 'FIRE_AND_PURGE'");
  });

  it('is told: an element without a time', async () => {
    const error = await errorOf((hits) => hits.window(tumbling).reduce(sum), Number.MIN_SAFE_INTEGER);
    expect(String(error)).toContain('An element without an event time reached the event-time window');
  });

  it('is told: state of a session', async () => {
    class Stateful extends ProcessWindowFunction<string, Hit, never> {
      process(_key: string, context: ProcessWindowContext<Window>): void {
        context.windowState.getState({ name: 'x' });
      }
    }
    const error = await errorOf((hits) =>
      hits.window(EventTimeSessionWindows.withGap(5)).sideOutputLateData(unread).process(new Stateful()),
    );
    expect(String(error)).toContain('The state "x" was asked of a session window');
  });
});
