import { describe, expect, it } from 'vitest';
import type { DataStream } from '../../src/api/data-stream.js';
import {
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  ProcessFunction,
} from '../../src/api/functions.js';
import { KeyedAsyncProcessFunction } from '../../src/api/keyed-async-process-function.js';
import { ProcessJoinFunction } from '../../src/api/process-join-function.js';
import type { SubtaskSnapshot } from '../../src/checkpoint/checkpoint-metadata.js';
import { checkpointId } from '../../src/protocol/ids.js';
import { GlobalWindows } from '../../src/windows/assigners/global-windows.js';
import { TumblingEventTimeWindows } from '../../src/windows/assigners/tumbling-windows.js';
import { CountTrigger } from '../../src/windows/triggers/count-trigger.js';
import { PurgingTrigger } from '../../src/windows/triggers/purging-trigger.js';
import type { OutputSize } from './one-slot-edge.js';
import { type OpenOperators, openOperators } from './open-operators.js';
import { observe, type Pipeline } from './operator-subtask.js';

/** Each number comes from the position of that number. */
const originOf = (value: unknown) => ({ split: 'split', position: value as number });

function open(
  pipeline: Pipeline<number>,
  outputSize: OutputSize = 'one-slot',
  restored: readonly SubtaskSnapshot[] = [],
): Promise<OpenOperators<number>> {
  return openOperators<number>(pipeline, outputSize, restored, originOf);
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

describe('The results of async I/O come from where their elements come from', () => {
  const asks: [string, (input: DataStream<number>) => DataStream<number>][] = [
    [
      'in their order',
      (input) => input.orderedWait(async (value) => value * 10, { timeout: '10s', uid: 'ask' }),
    ],
    [
      'as they come',
      (input) => input.unorderedWait(async (value) => value * 10, { timeout: '10s', uid: 'ask' }),
    ],
    [
      'by key',
      (input) => {
        class Ask extends KeyedAsyncProcessFunction<number, number, number, number> {
          override asyncInvoke(value: number): Promise<number> {
            return Promise.resolve(value * 10);
          }

          override processElement(
            _value: number,
            answer: number | undefined,
            _context: KeyedContext<number>,
            out: Collector<number>,
          ): void {
            out.collect(answer ?? -1);
          }
        }
        return input.keyBy((value) => value % 2).processAsync(new Ask(), { timeout: '10s', uid: 'ask' });
      },
    ],
  ];

  it.each(asks)('%s', async (_how, ask) => {
    const operators = await open((input) => observe(ask(input)), 'unbounded');
    offer(operators, 1, 2);
    for (let turn = 0; turn < 3; turn += 1) {
      operators.work();
      await settled();
    }
    offer(operators, 3);
    for (let turn = 0; turn < 3; turn += 1) {
      operators.work();
      await settled();
    }
    expect(emitted(operators)).toEqual(['10 of split 1', '20 of split 2', '30 of split 3']);
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

  it('also after a restore', async () => {
    const pipeline: Pipeline<number> = (input) =>
      observe(input.orderedWait(async (value) => value * 10, { timeout: '10s', uid: 'ask' }));
    const failing = await open(pipeline, 'unbounded');
    offer(failing, 1, 2);
    failing.work();
    failing.triggerCheckpoint(checkpointId(1));
    failing.work();
    await settled();
    const snapshots = JSON.parse(JSON.stringify(failing.acknowledged.get(checkpointId(1))));
    const restored = await open(pipeline, 'unbounded', snapshots);
    offer(restored, 3);
    restored.work();
    await settled();
    restored.work();
    expect(emitted(restored)).toEqual(['10 of split 1', '20 of split 2', '30 of split 3']);
  });
});

describe('An error names the record', () => {
  it.each<[string, Pipeline<number>, string]>([
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
  ])('and none where no single one is at fault: %s', async (_what, pipeline, message) => {
    const operators = await open(pipeline);
    offer(operators, 1, 2, 3);
    operators.offer({ kind: 'watermark', timestamp: 10_000 });
    expect(errorOf(operators)).toBe(message);
  });
});
