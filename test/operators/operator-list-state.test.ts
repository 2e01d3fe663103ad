import { describe, expect, it } from 'vitest';
import {
  type CheckpointedFunction,
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  type ListState,
  type OperatorRuntimeContext,
  type ProcessContext,
  ProcessFunction,
  ProcessWindowFunction,
  type RuntimeContext,
} from '../../src/index.js';
import { valuesOf } from './one-slot-edge.js';
import { endOfInput, record, runEveryWay } from './operator-harness.js';
import { observe } from './operator-subtask.js';

const numbers = [1, 2, 3, 4, 5, 6].map((value) => record(value, value));

describe('Every way of running gives the plain result for', () => {
  it('a window function that counts its calls in a field', async () => {
    class Numbered extends ProcessWindowFunction<number, number, string> implements CheckpointedFunction {
      private calls = 0;
      private kept!: ListState<number>;

      override open(context: RuntimeContext): void {
        this.kept = context.getOperatorListState<number>({ name: 'calls' });
        this.calls = this.kept.get()[0] ?? 0;
      }

      process(_key: number, _context: unknown, values: readonly number[], out: Collector<string>): void {
        this.calls += 1;
        out.collect(`${this.calls}: ${values.join('+')}`);
      }

      snapshotState(): void {
        this.kept.update([this.calls]);
      }
    }
    const emitted = await runEveryWay<number>(
      (input) =>
        observe(
          input
            .keyBy((value) => value % 2)
            .countWindow(2)
            .process(new Numbered()),
        ),
      [...numbers, endOfInput],
    );
    expect(valuesOf(emitted)).toEqual(['1: 1+3', '2: 2+4']);
  });

  it('a function that gathers elements in a list state', async () => {
    class GatherThree extends ProcessFunction<number, readonly number[]> {
      private gathered!: ListState<number>;

      override open(context: OperatorRuntimeContext): void {
        this.gathered = context.getOperatorListState<number>({ name: 'gathered' });
      }

      processElement(value: number, _context: ProcessContext, out: Collector<readonly number[]>): void {
        this.gathered.add(value);
        if (this.gathered.get().length < 3) return;
        out.collect(this.gathered.get());
        this.gathered.clear();
      }
    }
    const emitted = await runEveryWay<number>(
      (input) => observe(input.process(new GatherThree())),
      [...numbers, endOfInput],
    );
    expect(valuesOf(emitted)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('a keyed function that keeps a field, and puts it into a union state for each checkpoint', async () => {
    class CountAll extends KeyedProcessFunction<number, number, string> implements CheckpointedFunction {
      private count = 0;
      private kept!: ListState<{ readonly count: number; readonly at: Date }>;

      override open(context: RuntimeContext): void {
        this.kept = context.getUnionListState({ name: 'count' });
        // Of one instance's former life, where each test runs it several times.
        this.count = this.kept.get().reduce((sum, { count }) => sum + count, 0);
      }

      processElement(_value: number, context: KeyedContext<number>, out: Collector<string>): void {
        this.count += 1;
        out.collect(`${context.currentKey}: ${this.count}`);
      }

      snapshotState(): void {
        this.kept.update([{ count: this.count, at: new Date(0) }]);
      }
    }
    const emitted = await runEveryWay<number>(
      (input) => observe(input.keyBy((value) => value % 2).process(new CountAll())),
      [...numbers, endOfInput],
    );
    expect(valuesOf(emitted)).toEqual(['1: 1', '0: 2', '1: 3', '0: 4', '1: 5', '0: 6']);
  });
});
