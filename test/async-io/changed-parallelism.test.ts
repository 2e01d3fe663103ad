import { describe, expect, it } from 'vitest';
import {
  type Collector,
  type DataStream,
  type DeepReadonly,
  type KeyedAsyncContext,
  KeyedAsyncProcessFunction,
  type KeyedContext,
} from '../../src/index.js';
import { openHarness } from '../../src/testing.js';

/** Answers that the test gives, whichever function was asked and on whichever thread it would have been. */
class Answers {
  private readonly waiting: (() => void)[] = [];

  ask(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** How many had asked. */
  giveAll(): number {
    const all = this.waiting.splice(0);
    for (const resolve of all) resolve();
    return all.length;
  }
}

class AskEach extends KeyedAsyncProcessFunction<number, number, void, number> {
  private readonly answers: Answers;

  constructor(answers: Answers) {
    super();
    this.answers = answers;
  }

  override asyncInvoke(_value: number, _context: KeyedAsyncContext<number>): Promise<void> {
    return this.answers.ask();
  }

  override processElement(
    value: DeepReadonly<number>,
    _answer: void,
    _context: KeyedContext<number>,
    out: Collector<number>,
  ): void {
    out.collect(value);
  }
}

const numbers = Array.from({ length: 12 }, (_, index) => index);

/** Asked about and not answered at the checkpoint; answered after a restore with another parallelism. */
async function restoredWith(
  from: number,
  to: number,
  build: (input: DataStream<number>, answers: Answers) => DataStream<number>,
): Promise<readonly number[]> {
  const answers = new Answers();
  const harness = await openHarness<[number], { out: number }>((input) => ({ out: build(input, answers) }), {
    parallelism: from,
  });
  for (const number of numbers) await harness.inputs[0].processElement(number, number);
  const snapshot = await harness.snapshot();
  await harness.restore(snapshot, { parallelism: to });
  // Those that the crash left behind are nobody's.
  while (answers.giveAll() > 0) await harness.settle();
  await harness.close();
  return harness.outputs.out.values;
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

describe('Elements in flight', () => {
  it.each([
    [2, 3],
    [3, 1],
  ])('of %i subtasks are shared by %i', async (from, to) => {
    const values = await restoredWith(from, to, (input, answers) =>
      input.unorderedWait(
        async (number) => {
          await answers.ask();
          return number;
        },
        // Three subtasks' elements are more than one may have.
        { timeout: '1h', capacity: 7 },
      ),
    );
    expect(ascending(values)).toEqual(numbers);
  });

  it.each([
    [2, 3],
    [3, 1],
  ])('of keys of %i subtasks follow them to %i, in their order', async (from, to) => {
    const values = await restoredWith(from, to, (input, answers) =>
      input.keyBy((number) => number % 4).processAsync(new AskEach(answers), { timeout: '1h', uid: 'ask' }),
    );
    expect(ascending(values)).toEqual(numbers);
    for (const key of [0, 1, 2, 3]) {
      const ofKey = values.filter((value) => value % 4 === key);
      expect(ofKey).toEqual([key, key + 4, key + 8]);
    }
  });
});
