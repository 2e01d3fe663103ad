import type { DeepReadonly } from '../api/deep-readonly.js';
import type { KeyedProcessFunction, KeySelector } from '../api/functions.js';
import type { Key } from '../key-groups/key.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { AbstractKeyedFunctionOperator } from './abstract-keyed-function-operator.js';
import type { OperatorContext } from './stream-operator.js';

/** Runs a KeyedProcessFunction. */
export class KeyedProcessOperator<K extends Key, In, Out> extends AbstractKeyedFunctionOperator<K, In, Out> {
  private readonly fn: KeyedProcessFunction<K, In, Out>;
  private readonly keySelector: KeySelector<In, K>;

  constructor(
    fn: KeyedProcessFunction<K, In, Out>,
    keySelector: KeySelector<In, K>,
    context: OperatorContext<Out>,
  ) {
    super(fn, context);
    this.fn = fn;
    this.keySelector = keySelector;
  }

  processElement(value: In, timestamp: number): void {
    this.collector.timestamp = timestamp;
    this.functionContext.timestamp = timestamp === NO_TIMESTAMP ? undefined : timestamp;
    this.guard.active = true;
    let result: unknown;
    try {
      this.backend.setCurrentKey(this.keySelector(value as DeepReadonly<In>));
      result = this.fn.processElement(value as DeepReadonly<In>, this.functionContext, this.collector);
    } catch (error) {
      throw this.failed(error, 'processElement()');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(result);
  }
}
