import { expect, it } from 'vitest';
import {
  type Collector,
  type Key,
  type ProcessWindowContext,
  ProcessWindowFunction,
  type TimeWindow,
  TumblingEventTimeWindows,
} from '../../src/index.js';
import { endOfInput, record, runEveryWay, watermark } from '../operators/operator-harness.js';
import { observe } from '../operators/operator-subtask.js';

class ShowKey extends ProcessWindowFunction<Key, number, readonly [Key, number, number], TimeWindow> {
  process(
    key: Key,
    { window }: ProcessWindowContext<TimeWindow>,
    [sum]: readonly number[],
    out: Collector<readonly [Key, number, number]>,
  ): void {
    out.collect([key, window.start, sum!]);
  }
}

it.each<[string, (n: number) => Key]>([
  ['numbers', (n) => n % 2],
  ['tuples', (n) => [n % 2, 'x']],
  ['tuples of one, which are other keys than their element', (n) => (n % 2 === 0 ? ['a'] : 'a')],
  ['longer than a cell’s key can be', (n) => `${n % 2}`.repeat(2_000)],
  ['bytes', (n) => Uint8Array.of(n % 2, 0xff)],
])('A window’s timers find their key again, of keys that are %s', async (_what, keyOf) => {
  const emitted = await runEveryWay<number>(
    (input) =>
      observe(
        input
          .keyBy(keyOf)
          .window(TumblingEventTimeWindows.of(10))
          .reduce((a, b) => a + b, new ShowKey()),
      ),
    [record(1, 1), record(2, 2), record(3, 3), record(5, 15), watermark(9), watermark(19), endOfInput],
    'in any order',
  );
  const results = emitted.flatMap((each) => (each.kind === 'record' ? [each.value] : []));
  expect(results).toHaveLength(3);
  expect(results).toEqual(
    expect.arrayContaining([
      [keyOf(1), 0, 4],
      [keyOf(2), 0, 2],
      [keyOf(5), 10, 5],
    ]),
  );
});
