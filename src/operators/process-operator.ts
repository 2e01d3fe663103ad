import type { DeepReadonly } from '../api/deep-readonly.js';
import type { ProcessFunction } from '../api/functions.js';
import { AbstractFunctionOperator } from './abstract-function-operator.js';
import type { OperatorContext } from './stream-operator.js';

/** Runs a ProcessFunction. */
export class ProcessOperator<In, Out> extends AbstractFunctionOperator<In, Out> {
  private readonly fn: ProcessFunction<In, Out>;

  constructor(fn: ProcessFunction<In, Out>, context: OperatorContext<Out>) {
    super(fn, context);
    this.fn = fn;
  }

  processElement(value: In, timestamp: number): void {
    this.setTimestamp(timestamp);
    this.guard.active = true;
    let result: unknown;
    try {
      result = this.fn.processElement(value as DeepReadonly<In>, this.functionContext, this.collector);
    } catch (error) {
      throw this.failed(error, 'processElement()');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(result);
  }
}
