import type { Collector, OnTimerContext, RuntimeContext, TimeDomain } from '../api/functions.js';
import type { Key } from '../key-groups/key.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { AbstractKeyedOperator } from './abstract-keyed-operator.js';
import { KeyedFunctionContext } from './keyed-function-context.js';
import { KeyedRuntimeContext } from './keyed-runtime-context.js';
import type { OperatorContext } from './stream-operator.js';

/** What operators share whose function, of one input or two, has state and timers per key. */
export abstract class AbstractKeyedFunctionOperator<K extends Key, In, Out> extends AbstractKeyedOperator<
  In,
  Out
> {
  protected readonly functionContext: KeyedFunctionContext<K>;
  private readonly timerFunction: TimerFunction<K, Out>;

  constructor(fn: TimerFunction<K, Out>, context: OperatorContext<Out>) {
    super(context, 'none');
    this.timerFunction = fn;
    this.functionContext = new KeyedFunctionContext<K>(this.backend, this.timers, this.collector);
  }

  protected override openFunction(): unknown {
    return this.timerFunction.open(new KeyedRuntimeContext(this.context, this.backend, this.guard));
  }

  protected override get userFunction(): object {
    return this.timerFunction;
  }

  protected override closeFunction(): void {
    this.timerFunction.close();
  }

  protected override fire(timestamp: number, timeDomain: TimeDomain): void {
    const elementTime = timeDomain === 'event-time' ? timestamp : NO_TIMESTAMP;
    this.collector.timestamp = elementTime;
    this.functionContext.timestamp = timeDomain === 'event-time' ? timestamp : undefined;
    this.functionContext.timeDomain = timeDomain;
    this.guard.active = true;
    let result: unknown;
    try {
      result = this.callOnTimer(timestamp);
    } catch (error) {
      throw this.failed(error, 'onTimer()');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(result);
  }

  protected callOnTimer(timestamp: number): unknown {
    return this.timerFunction.onTimer(timestamp, this.functionContext, this.collector);
  }
}

/** What all such functions have, whatever their inputs. */
export interface TimerFunction<K extends Key, Out> {
  open(context: RuntimeContext): void;
  onTimer(timestamp: number, context: OnTimerContext<K>, out: Collector<Out>): void;
  close(): void;
}
