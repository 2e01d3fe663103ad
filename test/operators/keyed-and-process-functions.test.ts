import { describe, expect, it } from 'vitest';
import {
  type AggregateFunction,
  type AggregatingState,
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  OutputTag,
  type ProcessContext,
  ProcessFunction,
  type ReducingState,
  type RuntimeContext,
} from '../../src/index.js';
import { valuesOf } from './one-slot-edge.js';
import { openOperators } from './open-operators.js';
import { endOfInput, record, runEveryWay, watermark } from './operator-harness.js';
import { observe } from './operator-subtask.js';

const mean: AggregateFunction<number, { readonly sum: number; readonly count: number }, number> = {
  createAccumulator: () => ({ sum: 0, count: 0 }),
  add: (value, { sum, count }) => ({ sum: sum + value, count: count + 1 }),
  getResult: ({ sum, count }) => sum / count,
};

/** The largest and the mean of a key's numbers; 0 begins anew. */
class Statistics extends KeyedProcessFunction<boolean, number, unknown> {
  private largest!: ReducingState<number>;
  private mean!: AggregatingState<number, number>;

  override open(context: RuntimeContext): void {
    this.largest = context.getReducingState<number>({ name: 'largest', reduce: Math.max });
    this.mean = context.getAggregatingState({ name: 'mean', aggregate: mean });
  }

  processElement(value: number, _context: KeyedContext<boolean>, out: Collector<unknown>): void {
    if (value === 0) {
      this.largest.clear();
      this.mean.clear();
    } else {
      this.largest.add(value);
      this.mean.add(value);
    }
    out.collect([this.largest.get() ?? null, this.mean.get() ?? null]);
  }
}

describe('Every way of running gives the plain result for', () => {
  it('a rolling reduce', async () => {
    const emitted = await runEveryWay<number>(
      (input) => observe(input.keyBy((value) => value % 2 === 0).reduce((a, b) => a + b)),
      [1, 2, 3, 4, 5].map((value) => record(value, value)),
    );
    expect(valuesOf(emitted)).toEqual([1, 2, 4, 6, 9]);
  });

  it('reducing and aggregating state', async () => {
    const emitted = await runEveryWay<number>(
      (input) => observe(input.keyBy((value) => value >= 0).process(new Statistics())),
      [...[4, 2, -3, 0, 1].map((value) => record(value, 1)), endOfInput],
    );
    expect(valuesOf(emitted)).toEqual([
      [4, 4],
      [4, 3],
      [-3, -3],
      [null, null],
      [1, 1],
    ]);
  });

  it('a process function, with its side output and the watermark', async () => {
    const odd = new OutputTag<number>('odd');
    class Split extends ProcessFunction<number, string> {
      processElement(value: number, context: ProcessContext, out: Collector<string>): void {
        if (value % 2 === 1) context.output(odd, value);
        else
          out.collect(
            `${value} at ${context.timestamp}, ${context.timestamp! <= context.currentWatermark()}`,
          );
      }
    }
    const emitted = await runEveryWay<number>(
      (input) => {
        const even = input.process(new Split());
        observe(even);
        observe(even.sideOutput(odd));
      },
      [record(1, 1), record(2, 2), watermark(5), record(3, 3), record(4, 4), record(6, 6), endOfInput],
    );
    expect(valuesOf(emitted)).toEqual(['2 at 2, false', '4 at 4, true', '6 at 6, false']);
    expect(valuesOf(emitted, 1)).toEqual([1, 3]);
  });
});

it('A process function that throws says which operator it is', async () => {
  class Broken extends ProcessFunction<number, number> {
    processElement(): void {
      throw new Error('on purpose');
    }
  }
  const operators = await openOperators<number>((input) => observe(input.process(new Broken())));
  operators.offer({ kind: 'record', value: 1, timestamp: 1 });
  expect(() => operators.work()).toThrow('processElement() of operator "Broken" (subtask 0) threw.');
});
