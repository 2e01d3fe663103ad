import { describe, expect, it } from 'vitest';
import {
  CountTrigger,
  defineJob,
  discardSink,
  EventTimeSessionWindows,
  GlobalWindows,
  type KeyedStream,
  SlidingEventTimeWindows,
  Trigger,
  type TriggerResult,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  Watermarks,
  type Window,
  type WindowAssigner,
} from '../../src/index.js';

function describeJob(
  build: (numbers: KeyedStream<number, number>) => void,
  watermarks = Watermarks.monotonous<number>(),
): void {
  defineJob('windows', (env) => {
    const numbers = env.fromSequence(1, 9, { uid: 'numbers', watermarks });
    build(numbers.keyBy((n) => n % 2));
    numbers.sinkTo(discardSink());
  }).buildGraph();
}

const add = (a: number, b: number): number => a + b;

describe('Before the job starts, an error names', () => {
  it.each<[string, WindowAssigner<Window>, RegExp]>([
    ['a size of nothing', TumblingEventTimeWindows.of('0s'), /a tumbling event-time window: its size is 0/],
    ['a negative size', TumblingProcessingTimeWindows.of(-5), /its size is -5: give a number with a unit/],
    ['a size that is no duration', TumblingEventTimeWindows.of('ten' as never), /its size is "ten"/],
    [
      'an offset as long as the size',
      TumblingEventTimeWindows.of('1s', '1s'),
      /its offset is not smaller than 1000 ms/,
    ],
    [
      'a slide longer than the size',
      SlidingEventTimeWindows.of('1s', '2s'),
      /its slide \(2000 ms\) is longer than its size \(1000 ms\)/,
    ],
    ['a gap of nothing', EventTimeSessionWindows.withGap(0), /a session window by event-time: its gap is 0/],
  ])('%s', (_what, assigner, message) => {
    expect(() => describeJob((numbers) => numbers.window(assigner).reduce(add))).toThrow(message);
  });

  it('an event-time window whose source has no watermarks, however far ahead the source is', () => {
    const windows = (numbers: KeyedStream<number, number>): void => {
      numbers.window(TumblingEventTimeWindows.of('1s')).reduce(add).map(String);
    };
    expect(() => describeJob(windows, Watermarks.none())).toThrow(
      /the event-time window "window-reduce" reads from source "numbers", which has no watermark strategy/,
    );
    expect(() => describeJob(windows)).not.toThrow();
    expect(() =>
      describeJob(
        (numbers) => numbers.window(TumblingProcessingTimeWindows.of(5)).reduce(add),
        Watermarks.none(),
      ),
    ).not.toThrow();
  });

  it('a session whose trigger or aggregate can’t merge', () => {
    class Never extends Trigger {
      onElement = (): TriggerResult => 'CONTINUE';
      onEventTime = (): TriggerResult => 'CONTINUE';
      onProcessingTime = (): TriggerResult => 'CONTINUE';
      clear(): void {}
    }
    const sessions = EventTimeSessionWindows.withGap('1s');
    expect(() =>
      describeJob((numbers) =>
        numbers
          .window(sessions)
          .trigger(new Never())
          .aggregate({ createAccumulator: () => 0, add: (n, sum) => sum + n, getResult: (sum) => sum }),
      ),
    ).toThrow(/has no merge\(\).*; the trigger Never of the session window .* can't merge/);
  });

  it('a count that is none', () => {
    expect(() => describeJob((numbers) => numbers.countWindow(0).reduce(add))).toThrow(/count of 0 elements/);
    expect(() => describeJob((numbers) => numbers.countWindow(0.5, 1).reduce(add))).toThrow(
      /count window of 0.5/,
    );
    expect(() =>
      describeJob((numbers) => numbers.window(GlobalWindows.create()).trigger(CountTrigger.of(-1))),
    ).toThrow(/count of -1 elements/);
  });

  it('all mistakes at once', () => {
    expect(() =>
      describeJob((numbers) => {
        numbers.window(SlidingEventTimeWindows.of('0s', '-1s' as never)).reduce(add);
      }, Watermarks.none()),
    ).toThrow(/its size is 0.*; .*its slide is "-1s".*; .*no watermark strategy/);
  });
});
