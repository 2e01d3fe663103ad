import type { AggregateFunction, ReduceFunction } from '../../api/aggregate-function.js';
import type { DeepReadonly } from '../../api/deep-readonly.js';
import { assertSynchronous } from '../../operators/chain-failure.js';
import type { MapState } from '../../state/state-descriptors.js';
import { type CreateWindowContents, contentsStateName, type WindowContents } from './window-contents.js';

/** A window costs one accumulator, whatever the number of its elements. */
class FoldedContents<In, Acc, Result> implements WindowContents<In, Result> {
  private readonly accumulators: MapState<string, Acc>;
  private readonly fold: Fold<In, Acc, Result>;
  private readonly operatorName: string;

  constructor(accumulators: MapState<string, Acc>, fold: Fold<In, Acc, Result>, operatorName: string) {
    this.accumulators = accumulators;
    this.fold = fold;
    this.operatorName = operatorName;
  }

  add(id: string, value: In): boolean {
    const before = this.accumulators.get(id);
    const after = before === undefined ? this.fold.first(value) : this.fold.add(before, value);
    assertSynchronous(after, this.operatorName);
    this.accumulators.put(id, after);
    return before !== undefined;
  }

  result(id: string): Result | undefined {
    const accumulator = this.accumulators.get(id);
    return accumulator === undefined ? undefined : this.fold.result(accumulator);
  }

  clear(id: string): void {
    // A removal of what is not there would be a change to write.
    if (this.accumulators.has(id)) this.accumulators.remove(id);
  }

  merge(into: string, from: readonly string[]): void {
    let merged = this.accumulators.get(into);
    for (const id of from) {
      const moved = this.accumulators.get(id);
      if (moved === undefined) continue;
      merged = merged === undefined ? moved : this.fold.merge(merged, moved);
      this.accumulators.remove(id);
    }
    if (merged !== undefined) this.accumulators.put(into, merged);
  }
}

interface Fold<In, Acc, Result> {
  first(value: In): Acc;
  add(accumulator: Acc, value: In): Acc;
  merge(a: Acc, b: Acc): Acc;
  result(accumulator: Acc): Result;
}

export function reducedContents<T>(reduce: ReduceFunction<T>): CreateWindowContents<T, T> {
  const both = (a: T, b: T): T => reduce(a as DeepReadonly<T>, b as DeepReadonly<T>);
  return foldedContents<T, T, T>({
    first: (value) => value,
    add: both,
    merge: both,
    result: (value) => value,
  });
}

export function aggregatedContents<In, Acc, Out>(
  aggregate: AggregateFunction<In, Acc, Out>,
): CreateWindowContents<In, Out> {
  const add = (accumulator: Acc, value: In): Acc =>
    aggregate.add(value as DeepReadonly<In>, accumulator as DeepReadonly<Acc>);
  return foldedContents<In, Acc, Out>({
    first: (value) => add(aggregate.createAccumulator(), value),
    add,
    merge(a, b) {
      if (aggregate.merge === undefined) throw new Error('The aggregate function has no merge().');
      return aggregate.merge(a as DeepReadonly<Acc>, b as DeepReadonly<Acc>);
    },
    result: (accumulator) => aggregate.getResult(accumulator as DeepReadonly<Acc>),
  });
}

function foldedContents<In, Acc, Result>(fold: Fold<In, Acc, Result>): CreateWindowContents<In, Result> {
  return (backend, operatorName) =>
    new FoldedContents(backend.mapState<string, Acc>({ name: contentsStateName }), fold, operatorName);
}
