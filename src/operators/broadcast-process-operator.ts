import type { BroadcastProcessFunction } from '../api/broadcast-functions.js';
import type { DeepReadonly } from '../api/deep-readonly.js';
import { AbstractFunctionOperator } from './abstract-function-operator.js';
import { BroadcastElementContext } from './broadcast-element-context.js';
import { BroadcastStates } from './broadcast-states.js';
import type { OperatorContext } from './stream-operator.js';

/** Runs a BroadcastProcessFunction. Input 1 is the broadcast one. */
export class BroadcastProcessOperator<A, B, Out> extends AbstractFunctionOperator<A | B, Out> {
  private readonly fn: BroadcastProcessFunction<A, B, Out>;
  private readonly broadcastContext: BroadcastElementContext;

  constructor(
    fn: BroadcastProcessFunction<A, B, Out>,
    descriptors: readonly { readonly name: string }[],
    context: OperatorContext<Out>,
  ) {
    super(fn, context);
    this.fn = fn;
    const states = new BroadcastStates(descriptors, context, this.guard);
    this.broadcastContext = new BroadcastElementContext(this.functionContext, this.collector, states);
  }

  processElement(value: A | B, timestamp: number, input: number): void {
    const { fn, collector, broadcastContext } = this;
    this.setTimestamp(timestamp);
    broadcastContext.timestamp = this.functionContext.timestamp;
    broadcastContext.mayWrite = input === 1;
    this.guard.active = true;
    let result: unknown;
    try {
      result =
        input === 0
          ? fn.processElement(value as DeepReadonly<A>, broadcastContext, collector)
          : fn.processBroadcastElement(value as DeepReadonly<B>, broadcastContext, collector);
    } catch (error) {
      throw this.failed(error, input === 0 ? 'processElement()' : 'processBroadcastElement()');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(result);
  }
}
