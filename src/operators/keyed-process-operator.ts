import type { DeepReadonly } from '../api/deep-readonly.js';
import type { KeyedProcessFunction, KeySelector, TimeDomain } from '../api/functions.js';
import type { Key } from '../key-groups/key.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { AbstractKeyedOperator } from './abstract-keyed-operator.js';
import { KeyedFunctionContext } from './keyed-function-context.js';
import { KeyedRuntimeContext } from './keyed-runtime-context.js';
import type { OperatorContext } from './stream-operator.js';

/** Runs a KeyedProcessFunction. */
export class KeyedProcessOperator<K extends Key, In, Out> extends AbstractKeyedOperator<K, In, Out> {
  private readonly fn: KeyedProcessFunction<K, In, Out>;
  private readonly functionContext: KeyedFunctionContext<K>;

  constructor(
    fn: KeyedProcessFunction<K, In, Out>,
    keySelector: KeySelector<In, K>,
    context: OperatorContext<Out>,
  ) {
    super(keySelector, context, 'none');
    this.fn = fn;
    this.functionContext = new KeyedFunctionContext<K>(this.backend, this.timers, this.collector);
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

  protected override openFunction(): unknown {
    return this.fn.open(new KeyedRuntimeContext(this.context, this.backend, this.guard));
  }

  protected override closeFunction(): void {
    this.fn.close();
  }

  protected override fire(timestamp: number, timeDomain: TimeDomain): void {
    const elementTime = timeDomain === 'event-time' ? timestamp : NO_TIMESTAMP;
    this.collector.timestamp = elementTime;
    this.functionContext.timestamp = timeDomain === 'event-time' ? timestamp : undefined;
    this.functionContext.timeDomain = timeDomain;
    this.guard.active = true;
    let result: unknown;
    try {
      result = this.fn.onTimer(timestamp, this.functionContext, this.collector);
    } catch (error) {
      throw this.failed(error, 'onTimer()');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(result);
  }
}
