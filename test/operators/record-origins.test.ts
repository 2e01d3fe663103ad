import { describe, expect, it } from 'vitest';
import {
  type KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
} from '../../src/api/broadcast-functions.js';
import type { DataStream } from '../../src/api/data-stream.js';
import {
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  ProcessFunction,
  type RuntimeContext,
} from '../../src/api/functions.js';
import { KeyedAsyncProcessFunction } from '../../src/api/keyed-async-process-function.js';
import { ProcessJoinFunction } from '../../src/api/process-join-function.js';
import { ProcessWindowFunction } from '../../src/api/process-window-function.js';
import type { Clock } from '../../src/host/clock.js';
import type { ValueState } from '../../src/state/state-descriptors.js';
import { GlobalWindows } from '../../src/windows/assigners/global-windows.js';
import { SlidingEventTimeWindows } from '../../src/windows/assigners/sliding-windows.js';
import { TumblingEventTimeWindows } from '../../src/windows/assigners/tumbling-windows.js';
import { CountTrigger } from '../../src/windows/triggers/count-trigger.js';
import { PurgingTrigger } from '../../src/windows/triggers/purging-trigger.js';
import type { GlobalWindow } from '../../src/windows/window.js';
import { AsyncRun } from '../async-io/async-run.js';
import type { OutputSize } from './one-slot-edge.js';
import { type OpenOperators, openOperators } from './open-operators.js';
import { observe, type Pipeline } from './operator-subtask.js';

/** Each number comes from the position of that number. */
const originOf = (value: unknown) => ({ split: 'split', position: value as number });

function open(
  pipeline: Pipeline<number>,
  outputSize: OutputSize = 'one-slot',
): Promise<OpenOperators<number>> {
  return openOperators<number>(pipeline, outputSize, [], originOf);
}

function offer(operators: OpenOperators<number>, ...values: number[]): void {
  for (const value of values) operators.offer({ kind: 'record', value, timestamp: value });
}

/** What left the operators, each with where it comes from. */
function emitted({ output }: OpenOperators<number>): string[] {
  const values = output.emitted.flatMap((each) => (each.kind === 'record' ? [each.value] : []));
  return values.map((value, index) => `${value} of ${output.origins[index] || 'nowhere'}`);
}

function errorOf(operators: OpenOperators<number>): string {
  try {
    operators.work();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('The operators did not fail.');
}

/** Promises that are resolved go on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const failsAt =
  (at: number) =>
  (value: number): number => {
    if (value === at) throw new RangeError(`no ${value}`);
    return value;
  };

const tenfold = (value: number): number[] => [value * 10, value * 10 + 1];

/** Can't be stopped between its two results. */
class Tenfold extends ProcessFunction<number, number> {
  processElement(value: number, _context: unknown, out: Collector<number>): void {
    for (const each of tenfold(value)) out.collect(each);
  }
}

class Swallowing extends ProcessFunction<number, number> {
  processElement(value: number, _context: unknown, out: Collector<number>): void {
    try {
      out.collect(value);
    } catch {}
  }
}

class SwallowingWindow extends ProcessWindowFunction<number, number, number, GlobalWindow> {
  process(_key: number, _context: unknown, values: Iterable<number>, out: Collector<number>): void {
    try {
      out.collect([...values].reduce((a, b) => a + b));
    } catch {}
  }
}

/** Emits its element, and 100 ms later another. */
class Later extends KeyedProcessFunction<number, number, number> {
  processElement(value: number, { timerService }: KeyedContext<number>, out: Collector<number>): void {
    timerService.registerEventTimeTimer(value + 100);
    out.collect(value);
  }

  override onTimer(timestamp: number, _context: KeyedContext<number>, out: Collector<number>): void {
    out.collect(timestamp);
  }
}

describe('What an operator emits comes from where the element comes from that it processes', () => {
  it.each<[string, Pipeline<number>]>([
    ['an iterable that is suspended', (input) => observe(input.flatMap(tenfold))],
    [
      'elements that wait for a suspended iterable',
      (input) => observe(input.process(new Tenfold()).flatMap((value) => [value])),
    ],
    [
      'iterables of two flatMaps, both suspended',
      (input) => observe(input.flatMap(tenfold).flatMap((value) => [value])),
    ],
  ])('%s', async (_what, pipeline) => {
    const operators = await open(pipeline);
    offer(operators, 1, 2);
    operators.work();
    expect(emitted(operators)).toEqual(['10 of split 1', '11 of split 1', '20 of split 2', '21 of split 2']);
  });

  it('and a timer’s results come from nowhere, also when they are suspended', async () => {
    const operators = await open((input) =>
      observe(
        input
          .keyBy(() => 0)
          .process(new Later())
          .flatMap((value) => [value, -value]),
      ),
    );
    offer(operators, 1);
    operators.offer({ kind: 'watermark', timestamp: 1_000 });
    offer(operators, 2);
    operators.work();
    expect(emitted(operators)).toEqual([
      '1 of split 1',
      '-1 of split 1',
      '101 of nowhere',
      '-101 of nowhere',
      '2 of split 2',
      '-2 of split 2',
    ]);
  });

  it('a join’s results from the element that found its partners', async () => {
    class Pair extends ProcessJoinFunction<number, number, string> {
      processElement(left: number, right: number, _context: unknown, out: Collector<string>): void {
        out.collect(`${left}+${right}`);
      }
    }
    const operators = await open((left, right) =>
      observe(
        left
          .keyBy(() => 0)
          .intervalJoin(right.keyBy(() => 0))
          .between('-1s', '1s')
          .process(new Pair()),
      ),
    );
    operators.offer({ kind: 'record', value: 1, timestamp: 1, input: 0 });
    operators.offer({ kind: 'record', value: 2, timestamp: 2, input: 0 });
    operators.offer({ kind: 'record', value: 3, timestamp: 3, input: 1 });
    operators.work();
    expect(emitted(operators)).toEqual(['1+3 of split 3', '2+3 of split 3']);
  });

  it('what is emitted for each key from the broadcast element that asked for it', async () => {
    class TellAll extends KeyedBroadcastProcessFunction<number, number, number, number> {
      private sum!: ValueState<number>;

      override open(context: RuntimeContext): void {
        this.sum = context.getState({ name: 'sum', defaultValue: 0 });
      }

      processElement(value: number): void {
        this.sum.update(this.sum.value()! + value);
      }

      processBroadcastElement(
        _value: number,
        context: KeyedBroadcastContext<number>,
        out: Collector<number>,
      ): void {
        context.applyToKeyedState(this.sum, (_key, sum) => out.collect(sum.value()!));
      }
    }
    const operators = await open((numbers, orders) =>
      observe(
        numbers
          .keyBy((value) => value)
          .connect(orders.broadcast({ name: 'unused' }))
          .process(new TellAll()),
      ),
    );
    offer(operators, 1, 2, 3);
    operators.offer({ kind: 'record', value: 4, timestamp: 4, input: 1 });
    operators.work();
    expect(emitted(operators).toSorted()).toEqual(['1 of split 4', '2 of split 4', '3 of split 4']);
  });

  it('and a window’s result from nowhere, whatever makes it fire', async () => {
    const operators = await open((input) => {
      const keyed = input.keyBy(() => 0);
      observe(
        keyed
          .window(GlobalWindows.create())
          .trigger(PurgingTrigger.of(CountTrigger.of(2)))
          .reduce((a, b) => a + b),
      );
    });
    offer(operators, 1, 2, 3);
    operators.work();
    expect(emitted(operators)).toEqual(['3 of nowhere']);
  });
});

const askMs = 10;

/** Asks for each number, and sets a timer for one of its time. */
class AskThenLater extends KeyedAsyncProcessFunction<number, number, number, number> {
  private readonly ask: (value: number) => Promise<number>;

  constructor(ask: (value: number) => Promise<number>) {
    super();
    this.ask = ask;
  }

  override asyncInvoke(value: number): Promise<number> {
    return this.ask(value);
  }

  override processElement(
    value: number,
    answer: number | undefined,
    { timerService }: KeyedContext<number>,
    out: Collector<number>,
  ): void {
    timerService.registerEventTimeTimer(value + 100);
    out.collect(answer ?? -1);
  }

  override onTimer(timestamp: number, _context: KeyedContext<number>, out: Collector<number>): void {
    out.collect(timestamp);
  }
}

const timeout = { timeout: '10s', uid: 'ask' } as const;
type Ask = (value: number) => Promise<number>;

describe('The results of async I/O come from where their elements come from', () => {
  const asynchronous: [string, (input: DataStream<number>, ask: Ask) => DataStream<number>][] = [
    ['in their order', (input, ask) => input.orderedWait(ask, timeout)],
    ['as they come', (input, ask) => input.unorderedWait(ask, timeout)],
    [
      'by key',
      (input, ask) => input.keyBy((value) => value % 2).processAsync(new AskThenLater(ask), timeout),
    ],
  ];

  function runOf(of: (typeof asynchronous)[number][1]): AsyncRun<number> {
    const pipeline = (input: DataStream<number>, clock: Clock): void => {
      const ask: Ask = (value) => new Promise((done) => void clock.setTimer(askMs, () => done(value * 10)));
      observe(of(input, ask));
    };
    return new AsyncRun<number>(pipeline, 'unbounded', originOf);
  }

  const recordOf = (value: number) => ({ kind: 'record', value, timestamp: value }) as const;

  it.each(asynchronous)('%s', async (_how, of) => {
    const run = runOf(of);
    await run.begin();
    await run.offer(recordOf(1), recordOf(2));
    await run.advance(askMs);
    await run.offer(recordOf(3));
    await run.advance(askMs);
    expect(run.records).toEqual([10, 20, 30]);
    expect(run.origins).toEqual(['split 1', 'split 2', 'split 3']);
  });

  it.each(asynchronous)('%s, also after a restore', async (_how, of) => {
    const run = runOf(of);
    await run.begin();
    await run.offer(recordOf(1), recordOf(2));
    await run.crashAndRestore(await run.checkpoint(1));
    await run.offer(recordOf(3));
    await run.advance(2 * askMs);
    expect(run.records.toSorted()).toEqual([10, 20, 30]);
    expect(run.origins.toSorted()).toEqual(['split 1', 'split 2', 'split 3']);
  });

  it('and a timer’s from nowhere, though it fires behind an element that it waited for', async () => {
    const run = runOf(asynchronous[2]![1]);
    await run.begin();
    await run.offer(recordOf(1), { kind: 'watermark', timestamp: 1_000 });
    await run.advance(askMs);
    expect(run.records).toEqual([10, 101]);
    expect(run.origins).toEqual(['split 1', '']);
  });

  it('and an error behind them names them', async () => {
    const operators = await open(
      (input) =>
        observe(
          input.orderedWait(async (value) => value * 10, { timeout: '10s', uid: 'ask' }).map(failsAt(20)),
        ),
      'unbounded',
    );
    offer(operators, 1, 2);
    operators.work();
    await settled();
    expect(errorOf(operators)).toBe(
      'The map function of operator "map" (subtask 0) threw. The record is at split 2.',
    );
  });

  it('as an error of the function itself does', async () => {
    const operators = await open(
      (input) =>
        observe(
          input.orderedWait(async (value) => failsAt(2)(value), { timeout: '10s', uid: 'ask', name: 'ask' }),
        ),
      'unbounded',
    );
    offer(operators, 1, 2);
    operators.work();
    await settled();
    expect(operators.failures).toMatchObject([
      {
        message: expect.stringMatching(/^asyncInvoke\(\) .*of operator "ask" .* The record is at split 2\.$/),
      },
    ]);
  });
});

describe('An error names the record', () => {
  it.each<[string, Pipeline<number>, string]>([
    [
      'for one window after it has made another fire',
      (input) => {
        let added = 0;
        observe(
          input
            .keyBy(() => 0)
            .window(SlidingEventTimeWindows.of('10s', '5s'))
            .trigger(CountTrigger.of(1))
            .aggregate(
              {
                createAccumulator: () => 0,
                // Each element is in two windows.
                add: (value, sum) => {
                  added += 1;
                  return sum + (added === 4 ? failsAt(2)(value) : value);
                },
                getResult: (sum) => sum,
              },
              { name: 'sums' },
            ),
        );
      },
      'A function of the window of operator "sums"',
    ],
    ['of a map', (input) => observe(input.map(failsAt(2))), 'The map function of operator "map"'],
    [
      'of an iterable that was suspended',
      (input) =>
        observe(
          input.flatMap(function* (value) {
            yield 1;
            yield failsAt(2)(value);
          }),
        ),
      'The iterable returned by the flatMap function of operator "flat-map"',
    ],
    [
      'of an aggregation',
      (input) =>
        observe(
          input
            .keyBy(() => 0)
            .window(TumblingEventTimeWindows.of('10s'))
            .reduce((a, b) => a + failsAt(2)(b), { name: 'sums' }),
        ),
      'A function of the window of operator "sums"',
    ],
  ])('%s', async (_what, pipeline, what) => {
    const operators = await open(pipeline);
    offer(operators, 1, 2, 3);
    expect(errorOf(operators)).toBe(`${what} (subtask 0) threw. The record is at split 2.`);
  });

  it('though a function has caught it and goes on', async () => {
    const operators = await open((input) => observe(input.process(new Swallowing()).map(failsAt(2))));
    offer(operators, 1, 2, 3);
    expect(errorOf(operators)).toBe(
      'The map function of operator "map" (subtask 0) threw. The record is at split 2.',
    );
  });

  it.each<[string, Pipeline<number>, string]>([
    [
      'by a timer',
      (input) =>
        observe(
          input
            .keyBy(() => 0)
            .process(new Later())
            .map(failsAt(101)),
        ),
      'The map function of operator "map" (subtask 0) threw.',
    ],
    [
      'when a window fires',
      (input) =>
        observe(
          input
            .keyBy(() => 0)
            .window(TumblingEventTimeWindows.of('1s'))
            .reduce((a, b) => a + b)
            .map(failsAt(6)),
        ),
      'The map function of operator "map" (subtask 0) threw.',
    ],
    [
      'when a window fires with its last element',
      (input) =>
        observe(
          input
            .keyBy(() => 0)
            .countWindow(3)
            .reduce((a, b) => a + b)
            .map(failsAt(6)),
        ),
      'The map function of operator "map" (subtask 0) threw.',
    ],
    [
      'when a window fires with its last element, and its function has caught it',
      (input) =>
        observe(
          input
            .keyBy(() => 0)
            .countWindow(3)
            .process(new SwallowingWindow())
            .map(failsAt(6)),
        ),
      'The map function of operator "map" (subtask 0) threw.',
    ],
  ])('and none where no single one is at fault: %s', async (_what, pipeline, message) => {
    const operators = await open(pipeline);
    offer(operators, 1, 2, 3);
    operators.offer({ kind: 'watermark', timestamp: 10_000 });
    expect(errorOf(operators)).toBe(message);
  });
});
