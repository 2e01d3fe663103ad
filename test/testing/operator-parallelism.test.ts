import { expect, it } from 'vitest';
import {
  type Collector,
  collectSink,
  defineJob,
  EventTimeSessionWindows,
  type ListState,
  type OperatorRuntimeContext,
  type ProcessContext,
  ProcessFunction,
  Watermarks,
} from '../../src/index.js';
import { openJobHarness } from '../../src/testing.js';

interface Placed {
  readonly value: number;
  readonly subtask: number;
}

/** Says how many elements its subtasks have seen together, with those before a restore. */
class Count extends ProcessFunction<number, Placed> {
  private seen!: ListState<number>;
  private subtask = 0;

  override open(context: OperatorRuntimeContext): void {
    this.seen = context.getOperatorListState<number>({ name: 'seen' });
    this.subtask = context.subtaskIndex;
  }

  processElement(value: number, _context: ProcessContext, out: Collector<Placed>): void {
    this.seen.add(value);
    out.collect({ value: this.seen.get().length, subtask: this.subtask });
  }
}

const job = defineJob('parallelisms', (env) => {
  const numbers = env.fromSequence(1, 9, { uid: 'numbers', watermarks: Watermarks.monotonous((n) => n) });
  numbers
    .process(new Count(), { uid: 'count', parallelism: 1 })
    .sinkTo(collectSink<Placed>(), { uid: 'counts', parallelism: 2 });
  numbers
    .keyBy((n) => n % 5)
    .window(EventTimeSessionWindows.withGap(100))
    .reduce((a, b) => a + b, { uid: 'sums', parallelism: 2 })
    .sinkTo(collectSink<number>(), { uid: 'out' });
});

it.each([3, 1, 4])(
  'Operators with fewer subtasks than the job keep what they know over restores, from parallelism 3 to %d',
  async (parallelism) => {
    const harness = await openJobHarness(job, { parallelism: 3, restoreAfterEachStep: true });
    const numbers = harness.input<number>('numbers');
    await numbers.processElements([1, 2, 3, 4, 5, 6]);
    await harness.restore(await harness.snapshot(), { parallelism });
    await numbers.processElement(7);
    await numbers.endInput();
    const counts = harness.output<Placed>('counts').elements.map(({ value }) => value);
    expect(counts.map(({ value }) => value).sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(counts.map(({ subtask }) => subtask))).toEqual(new Set([0]));
    const sums = harness.output<number>('out').elements.map(({ value }) => value);
    expect(sums.sort((a, b) => a - b)).toEqual([3, 4, 5, 7, 9]);
    await harness.close();
  },
);
