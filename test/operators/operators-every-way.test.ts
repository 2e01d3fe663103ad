import { describe, expect, it } from 'vitest';
import {
  type Collector,
  type FlatMapFunction,
  type KeyedContext,
  KeyedProcessFunction,
  type OnTimerContext,
  type RuntimeContext,
} from '../../src/api/functions.js';
import { OutputTag } from '../../src/api/output-tag.js';
import { MAX_WATERMARK, type StreamEvent } from '../../src/protocol/stream-elements.js';
import { collectSink } from '../../src/sinks/collect-sink.js';
import type { ListState, MapState, ValueState } from '../../src/state/state-descriptors.js';
import { type Emitted, recordsOf, valuesOf } from './one-slot-edge.js';
import { endOfInput, idle, record, runEveryWay, timePasses, watermark } from './operator-harness.js';
import { observe } from './operator-subtask.js';

/** The records of one edge, as [value, timestamp]. */
function timedValuesOf(emitted: readonly Emitted[], edge = 0): (readonly [unknown, number])[] {
  return recordsOf(emitted, edge).map(({ value, timestamp }) => [value, timestamp] as const);
}

/** Emits its numbers in one call, which can't be suspended. */
const countUpTo: FlatMapFunction<number, number> = (end, out) => {
  for (let number = 0; number < end; number += 1) out.collect(number);
};

/** Records by value, watermarks as `w<timestamp>`: enough to see their order. */
function order(emitted: readonly Emitted[]): unknown[] {
  return emitted.map((each) => (each.kind === 'event' ? wordFor(each.event) : each.value));
}

function wordFor(event: StreamEvent): string {
  switch (event.kind) {
    case 'watermark':
      return `w${event.timestamp}`;
    case 'watermark-status':
      return event.idle ? 'idle' : 'active';
    case 'end-of-input':
      return 'end';
    case 'barrier':
      return `barrier ${event.checkpointId}`;
  }
}

const numbers = [1, 2, 3, 4].map((value) => record(value, value * 10));

describe('Every way of running gives the plain result for', () => {
  it('map, which keeps the timestamp', async () => {
    const emitted = await runEveryWay<number>(
      (input) => observe(input.map((value) => value * 2)),
      [...numbers, endOfInput],
    );
    expect(timedValuesOf(emitted)).toEqual([
      [2, 10],
      [4, 20],
      [6, 30],
      [8, 40],
    ]);
  });

  it('filter, watermarks and idleness', async () => {
    const emitted = await runEveryWay<number>(
      (input) => observe(input.filter((value) => value % 2 === 0)),
      [record(1, 1), record(2, 2), watermark(5), idle(true), idle(false), record(4, 7), endOfInput],
    );
    expect(order(emitted)).toEqual([2, 'w5', 'idle', 'active', 4, 'end']);
  });

  it('flatMap that returns an iterable', async () => {
    const emitted = await runEveryWay<number>(
      (input) =>
        observe(
          input.flatMap(function* (value) {
            for (let i = 0; i < value; i += 1) yield `${value}.${i}`;
          }),
        ),
      [record(2, 20), record(0, 25), record(3, 30), watermark(30), endOfInput],
    );
    expect(order(emitted)).toEqual(['2.0', '2.1', '3.0', '3.1', '3.2', 'w30', 'end']);
    expect(timedValuesOf(emitted).map(([, timestamp]) => timestamp)).toEqual([20, 20, 30, 30, 30]);
  });

  it('flatMap that collects', async () => {
    const emitted = await runEveryWay<number>(
      (input) => observe(input.flatMap(countUpTo)),
      [record(3, 1), record(1, 2), endOfInput],
    );
    expect(timedValuesOf(emitted)).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
      [0, 2],
    ]);
  });

  it('a chain in which two operators are suspended at once', async () => {
    const emitted = await runEveryWay<number>(
      (input) =>
        observe(
          input
            .flatMap((value) => [value, value + 1])
            .map((value) => value * 10)
            .flatMap((value) => [value, value + 1, value + 2]),
        ),
      [record(1, 1), watermark(1), record(5, 2), watermark(2), endOfInput],
    );
    const expand = (value: number) => [value, value + 1, value + 2];
    expect(order(emitted)).toEqual([
      ...[10, 20].flatMap(expand),
      'w1',
      ...[50, 60].flatMap(expand),
      'w2',
      'end',
    ]);
  });

  it('a collector in front of an operator that is suspended: nothing of its elements is lost', async () => {
    const emitted = await runEveryWay<number>(
      (input) =>
        observe(
          input
            .flatMap(countUpTo)
            .map((value) => value + 10)
            .flatMap((value) => (value === 11 ? [] : [value, -value])),
        ),
      [record(4, 1), record(3, 2), watermark(2), endOfInput],
    );
    expect(order(emitted)).toEqual([10, -10, 12, -12, 13, -13, 10, -10, 12, -12, 'w2', 'end']);
  });

  it('fan-out to chained operators and to several edges', async () => {
    const emitted = await runEveryWay<number>(
      (input) => {
        const doubled = input.map((value) => value * 2);
        observe(doubled);
        observe(doubled.map((value) => -value));
        observe(doubled.flatMap((value) => [value, value]));
      },
      [...numbers.slice(0, 2), watermark(20), endOfInput],
    );
    expect(timedValuesOf(emitted, 0)).toEqual([
      [2, 10],
      [4, 20],
    ]);
    expect(valuesOf(emitted, 1)).toEqual([-2, -4]);
    expect(valuesOf(emitted, 2)).toEqual([2, 2, 4, 4]);
  });

  it('a sink, which reports each element with one checkpoint', async () => {
    const emitted = await runEveryWay<number>(
      (input) => {
        input.map((value) => value + 100).sinkTo(collectSink());
      },
      [...numbers, endOfInput],
    );
    expect(order(emitted)).toEqual([101, 102, 103, 104]);
  });
});

type Click = { readonly user: string; readonly page: string };
const click = (user: string, page: string, timestamp: number) => record({ user, page }, timestamp);

/** Uses every kind of state. */
class Visits extends KeyedProcessFunction<string, Click, unknown> {
  static readonly pages = new OutputTag<string>('pages');
  private count!: ValueState<number>;
  private recent!: ListState<string>;
  private byPage!: MapState<string, number>;

  override open(context: RuntimeContext): void {
    this.count = context.getState<number>({ name: 'count', defaultValue: 0 });
    this.recent = context.getListState<string>({ name: 'recent', maxLength: 2 });
    this.byPage = context.getMapState<string, number>({ name: 'by-page' });
  }

  processElement(value: Click, context: KeyedContext<string>, out: Collector<unknown>): void {
    if (value.page === 'logout') {
      this.count.clear();
      this.recent.clear();
      this.byPage.clear();
      return;
    }
    const count = (this.count.value() ?? 0) + 1;
    this.count.update(count);
    this.recent.add(value.page);
    this.byPage.put(value.page, (this.byPage.get(value.page) ?? 0) + 1);
    if (value.page === 'home') context.output(Visits.pages, `${value.user} at home`);
    out.collect([context.currentKey, count, this.recent.get(), [...this.byPage.entries()]]);
  }
}

describe('Every way of running gives the plain result for a keyed process function', () => {
  const steps = [
    click('ann', 'home', 1),
    click('bob', 'shop', 2),
    click('ann', 'shop', 3),
    click('ann', 'home', 4),
    click('bob', 'logout', 5),
    click('bob', 'home', 6),
    endOfInput,
  ];
  const visits = new Visits();

  it('with value, list and map state, and a side output', async () => {
    const emitted = await runEveryWay<Click>((input) => {
      const out = input.keyBy((value) => value.user).process(visits);
      observe(out);
      observe(out.sideOutput(Visits.pages));
    }, steps);
    expect(valuesOf(emitted, 0)).toEqual([
      ['ann', 1, ['home'], [['home', 1]]],
      ['bob', 1, ['shop'], [['shop', 1]]],
      [
        'ann',
        2,
        ['home', 'shop'],
        [
          ['home', 1],
          ['shop', 1],
        ],
      ],
      [
        'ann',
        3,
        ['shop', 'home'],
        [
          ['home', 2],
          ['shop', 1],
        ],
      ],
      ['bob', 1, ['home'], [['home', 1]]],
    ]);
    expect(valuesOf(emitted, 1)).toEqual(['ann at home', 'ann at home', 'bob at home']);
  });

  it('with the results expanded further along the chain', async () => {
    const emitted = await runEveryWay<Click>(
      (input) =>
        observe(
          input
            .keyBy((value) => value.user)
            .process(visits)
            .flatMap((value) => value as readonly unknown[]),
        ),
      steps,
    );
    expect(timedValuesOf(emitted)).toHaveLength(5 * 4);
  });
});

type Order =
  | { readonly key: string; readonly set: number }
  | { readonly key: string; readonly remove: number }
  | { readonly key: string; readonly setAfterMs: number }
  | { readonly key: string; readonly removeAfterMs: number };

/** Sets and removes the timers it is told to; one that fires at a round time sets two more. */
class Alarms extends KeyedProcessFunction<string, Order, string> {
  private fired!: ValueState<number>;
  private lastProcessingTimer!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.fired = context.getState<number>({ name: 'fired', defaultValue: 0 });
    this.lastProcessingTimer = context.getState<number>({ name: 'last-processing-timer' });
  }

  processElement(value: Order, { timerService }: KeyedContext<string>): void {
    if ('set' in value) timerService.registerEventTimeTimer(value.set);
    else if ('remove' in value) timerService.deleteEventTimeTimer(value.remove);
    else if ('setAfterMs' in value) {
      const at = timerService.currentProcessingTime() + value.setAfterMs;
      this.lastProcessingTimer.update(at);
      timerService.registerProcessingTimeTimer(at);
    } else timerService.deleteProcessingTimeTimer(this.lastProcessingTimer.value()!);
  }

  override onTimer(timestamp: number, context: OnTimerContext<string>, out: Collector<string>): void {
    const fired = (this.fired.value() ?? 0) + 1;
    this.fired.update(fired);
    const { timerService, timeDomain, currentKey } = context;
    if (timeDomain === 'processing-time') {
      out.collect(`${currentKey} processing #${fired}`);
      if (fired === 1) timerService.registerProcessingTimeTimer(timestamp + 50);
      return;
    }
    out.collect(`${currentKey}@${timestamp} #${fired}`);
    if (timestamp % 100 !== 0) return;
    // One that is due at once, and one that may be later than the watermark.
    timerService.registerEventTimeTimer(timestamp + 1);
    timerService.registerEventTimeTimer(timestamp + 55);
    timerService.deleteEventTimeTimer(timestamp + 7);
  }
}

describe('Every way of running gives the plain result for timers', () => {
  const alarms = new Alarms();
  const fireAll = (...orders: readonly (Order | number)[]) =>
    runEveryWay<Order>(
      (input) => observe(input.keyBy((value) => value.key).process(alarms)),
      [
        ...orders.map((each, index) => (typeof each === 'number' ? watermark(each) : record(each, index))),
        endOfInput,
      ],
      'in any order',
    );

  it('of which many are due at one watermark: they fire in order of time, and the watermark leaves last', async () => {
    const emitted = await fireAll(
      { key: 'b', set: 30 },
      { key: 'a', set: 20 },
      { key: 'a', set: 10 },
      { key: 'a', set: 90 },
      { key: 'b', set: 10 },
      { key: 'b', set: 10 },
      50,
      95,
    );
    expect(order(emitted).slice(2)).toEqual(['a@20 #2', 'b@30 #2', 'w50', 'a@90 #3', 'w95', 'end']);
    expect(new Set(order(emitted).slice(0, 2))).toEqual(new Set(['a@10 #1', 'b@10 #1']));
    expect(timedValuesOf(emitted).map(([, timestamp]) => timestamp)).toEqual([10, 10, 20, 30, 90]);
  });

  it('that are set and deleted within timers', async () => {
    const emitted = await fireAll(
      { key: 'a', set: 100 },
      { key: 'a', set: 107 },
      120,
      154,
      155,
      MAX_WATERMARK,
    );
    expect(order(emitted)).toEqual([
      'a@100 #1',
      'a@101 #2',
      'w120',
      'w154',
      'a@155 #3',
      'w155',
      `w${MAX_WATERMARK}`,
      'end',
    ]);
  });

  it('that are deleted, or set for a time that has passed: those fire with the next watermark', async () => {
    const emitted = await fireAll(
      { key: 'a', set: 40 },
      { key: 'b', set: 40 },
      { key: 'a', remove: 40 },
      50,
      { key: 'a', set: 30 },
      51,
    );
    expect(order(emitted)).toEqual(['b@40 #1', 'w50', 'a@30 #1', 'w51', 'end']);
  });

  it('of processing time, also those set within timers; after the end of the input none fires', async () => {
    const emitted = await runEveryWay<Order>(
      (input) => observe(input.keyBy((value) => value.key).process(alarms)),
      [
        record({ key: 'a', setAfterMs: 100 }, 1),
        record({ key: 'b', setAfterMs: 60 }, 2),
        record({ key: 'c', setAfterMs: 70 }, 3),
        record({ key: 'c', removeAfterMs: 70 }, 4),
        timePasses(80),
        timePasses(25),
        timePasses(10),
        record({ key: 'd', setAfterMs: 100 }, 5),
        endOfInput,
        timePasses(1_000),
      ],
    );
    expect(order(emitted)).toEqual(['b processing #1', 'a processing #1', 'b processing #2', 'end']);
  });
});
