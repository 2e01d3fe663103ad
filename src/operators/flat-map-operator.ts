import type { DeepReadonly } from '../api/deep-readonly.js';
import type { FlatMapFunction } from '../api/functions.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { AbstractStreamOperator } from './abstract-stream-operator.js';
import { CallGuard, GuardedCollector } from './guarded-collector.js';
import type { OperatorContext } from './stream-operator.js';

/**
 * Any number of results for each element. Invariant: while an iterable is not exhausted, no further element
 * and no barrier reaches this operator; so a snapshot never falls into the middle of an element's results.
 */
export class FlatMapOperator<In, Out> extends AbstractStreamOperator<In, Out> {
  private readonly fn: FlatMapFunction<In, Out>;
  private readonly guard: CallGuard;
  private readonly collector: GuardedCollector<Out>;
  private suspended: Iterator<Out> | undefined;
  private suspendedTimestamp = NO_TIMESTAMP;

  constructor(fn: FlatMapFunction<In, Out>, context: OperatorContext<Out>) {
    super(context);
    this.fn = fn;
    this.guard = new CallGuard(context.name);
    this.collector = new GuardedCollector(context.output, this.guard, context.failure);
  }

  processElement(value: In, timestamp: number): void {
    this.collector.timestamp = timestamp;
    const results = this.callFunction(value);
    if (results === undefined) return;
    this.suspended = results[Symbol.iterator]();
    this.suspendedTimestamp = timestamp;
    this.resume();
  }

  override resume(): boolean {
    while (this.suspended !== undefined) {
      if (!this.context.availability.isAvailable) return false;
      const step = this.nextResult(this.suspended);
      if (step.done === true) this.suspended = undefined;
      else this.output.collect(step.value, this.suspendedTimestamp);
    }
    return true;
  }

  private callFunction(value: In): Iterable<Out> | undefined {
    let results: Iterable<Out> | void;
    this.guard.active = true;
    try {
      results = this.fn(value as DeepReadonly<In>, this.collector);
    } catch (error) {
      throw this.failed(error, 'The flatMap function');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(results);
    return results ?? undefined;
  }

  private nextResult(iterator: Iterator<Out>): IteratorResult<Out> {
    this.guard.active = true;
    this.collector.timestamp = this.suspendedTimestamp;
    try {
      return iterator.next();
    } catch (error) {
      throw this.failed(error, 'The iterable returned by the flatMap function');
    } finally {
      this.guard.active = false;
    }
  }
}
