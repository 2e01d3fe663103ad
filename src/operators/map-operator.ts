import type { DeepReadonly } from '../api/deep-readonly.js';
import type { MapFunction } from '../api/functions.js';
import { AbstractStreamOperator } from './abstract-stream-operator.js';
import { assertSynchronous } from './chain-failure.js';
import type { OperatorContext } from './stream-operator.js';

/** One result for each element, with the element's timestamp. */
export class MapOperator<In, Out> extends AbstractStreamOperator<In, Out> {
  private readonly fn: MapFunction<In, Out>;

  constructor(fn: MapFunction<In, Out>, context: OperatorContext<Out>) {
    super(context);
    this.fn = fn;
  }

  processElement(value: In, timestamp: number): void {
    let result: Out;
    try {
      result = this.fn(value as DeepReadonly<In>);
    } catch (error) {
      throw this.failed(error, 'The map function');
    }
    assertSynchronous(result, this.context.name);
    this.output.collect(result, timestamp);
  }
}
