import type { DeepReadonly } from '../api/deep-readonly.js';
import type { FilterFunction } from '../api/functions.js';
import { AbstractStreamOperator } from './abstract-stream-operator.js';
import { assertSynchronous } from './chain-failure.js';
import type { OperatorContext } from './stream-operator.js';

/** Passes on the elements for which the function answers true. */
export class FilterOperator<T> extends AbstractStreamOperator<T, T> {
  private readonly fn: FilterFunction<T>;

  constructor(fn: FilterFunction<T>, context: OperatorContext<T>) {
    super(context);
    this.fn = fn;
  }

  processElement(value: T, timestamp: number): void {
    let passes: boolean;
    try {
      passes = this.fn(value as DeepReadonly<T>);
    } catch (error) {
      throw this.failed(error, 'The filter function');
    }
    // A pending promise is truthy and would let everything pass.
    assertSynchronous(passes, this.context.name);
    if (passes) this.output.collect(value, timestamp);
  }
}
