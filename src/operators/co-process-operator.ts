import type { CoProcessFunction } from '../api/co-functions.js';
import type { DeepReadonly } from '../api/deep-readonly.js';
import { AbstractFunctionOperator } from './abstract-function-operator.js';
import type { OperatorContext } from './stream-operator.js';

/** Runs a CoProcessFunction. */
export class CoProcessOperator<A, B, Out> extends AbstractFunctionOperator<A | B, Out> {
  private readonly fn: CoProcessFunction<A, B, Out>;

  constructor(fn: CoProcessFunction<A, B, Out>, context: OperatorContext<Out>) {
    super(fn, context);
    this.fn = fn;
  }

  processElement(value: A | B, timestamp: number, input: number): void {
    const { fn, functionContext, collector } = this;
    this.setTimestamp(timestamp);
    this.guard.active = true;
    let result: unknown;
    try {
      result =
        input === 0
          ? fn.processElement1(value as DeepReadonly<A>, functionContext, collector)
          : fn.processElement2(value as DeepReadonly<B>, functionContext, collector);
    } catch (error) {
      throw this.failed(error, input === 0 ? 'processElement1()' : 'processElement2()');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(result);
  }
}
