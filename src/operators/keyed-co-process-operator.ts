import type { KeyedCoProcessFunction } from '../api/co-functions.js';
import type { DeepReadonly } from '../api/deep-readonly.js';
import type { KeySelector } from '../api/functions.js';
import type { Key } from '../key-groups/key.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { AbstractKeyedFunctionOperator } from './abstract-keyed-function-operator.js';
import type { OperatorContext } from './stream-operator.js';

/** Runs a KeyedCoProcessFunction: two inputs, one state. */
export class KeyedCoProcessOperator<K extends Key, A, B, Out> extends AbstractKeyedFunctionOperator<
  K,
  A | B,
  Out
> {
  private readonly fn: KeyedCoProcessFunction<K, A, B, Out>;
  private readonly firstKey: KeySelector<A, K>;
  private readonly secondKey: KeySelector<B, K>;

  constructor(
    fn: KeyedCoProcessFunction<K, A, B, Out>,
    firstKey: KeySelector<A, K>,
    secondKey: KeySelector<B, K>,
    context: OperatorContext<Out>,
  ) {
    super(fn, context);
    this.fn = fn;
    this.firstKey = firstKey;
    this.secondKey = secondKey;
  }

  processElement(value: A | B, timestamp: number, input: number): void {
    this.collector.timestamp = timestamp;
    this.functionContext.timestamp = timestamp === NO_TIMESTAMP ? undefined : timestamp;
    this.guard.active = true;
    let result: unknown;
    try {
      result =
        input === 0 ? this.callFirst(value as DeepReadonly<A>) : this.callSecond(value as DeepReadonly<B>);
    } catch (error) {
      throw this.failed(error, input === 0 ? 'processElement1()' : 'processElement2()');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(result);
  }

  private callFirst(value: DeepReadonly<A>): unknown {
    this.backend.setCurrentKey(this.firstKey(value));
    return this.fn.processElement1(value, this.functionContext, this.collector);
  }

  private callSecond(value: DeepReadonly<B>): unknown {
    this.backend.setCurrentKey(this.secondKey(value));
    return this.fn.processElement2(value, this.functionContext, this.collector);
  }
}
