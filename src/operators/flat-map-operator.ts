import type { DeepReadonly } from '../api/deep-readonly.js';
import type { FlatMapFunction } from '../api/functions.js';
import { CurrentOrigin } from '../exchange/record-origin.js';
import { MillraceError } from '../protocol/failures.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { AbstractStreamOperator } from './abstract-stream-operator.js';
import { CallGuard, GuardedCollector } from './guarded-collector.js';
import type { OperatorContext } from './stream-operator.js';

/**
 * Any number of results for each element. Invariants: while an iterable is not exhausted, no watermark and no
 * barrier reaches this operator, so a snapshot never falls into the middle of an element's results; elements
 * that do reach it meanwhile wait in their order, or the rest of the iterable would be lost.
 */
export class FlatMapOperator<In, Out> extends AbstractStreamOperator<In, Out> {
  private readonly fn: FlatMapFunction<In, Out>;
  private readonly guard: CallGuard;
  private readonly collector: GuardedCollector<Out>;
  private suspended: Iterator<Out> | undefined;
  private suspendedTimestamp = NO_TIMESTAMP;
  private readonly suspendedOrigin = new CurrentOrigin();
  /** Emitted by a collector ahead of this operator, which can't be stopped between two elements: all of one origin. */
  private readonly waiting: WaitingElement<In>[] = [];

  constructor(fn: FlatMapFunction<In, Out>, context: OperatorContext<Out>) {
    super(context);
    this.fn = fn;
    this.guard = new CallGuard(context.name);
    this.collector = new GuardedCollector(context.output, this.guard, context.failure);
  }

  processElement(value: In, timestamp: number): void {
    if (this.suspended !== undefined) {
      this.wait(value, timestamp);
      return;
    }
    this.begin(value, timestamp);
    if (this.suspended !== undefined) this.emitResults();
  }

  override resume(): boolean {
    if (this.suspended === undefined) return true;
    const { origin } = this.context;
    origin.copy(this.suspendedOrigin);
    const isDone = this.emitResults();
    origin.clear();
    return isDone;
  }

  /** False when the output is full. */
  private emitResults(): boolean {
    while (this.suspended !== undefined) {
      if (!this.context.availability.isAvailable) return false;
      const step = this.nextResult(this.suspended);
      if (step.done === true) this.beginWaiting();
      else this.output.collect(step.value, this.suspendedTimestamp);
    }
    return true;
  }

  /** Calls the function; its iterable, if it returns one, is now the suspended one. */
  private begin(value: In, timestamp: number): void {
    this.collector.timestamp = timestamp;
    const results = this.callFunction(value);
    if (results === undefined) {
      this.suspended = undefined;
      return;
    }
    this.suspended = this.iteratorOf(results);
    this.suspendedTimestamp = timestamp;
    this.suspendedOrigin.copy(this.context.origin);
  }

  private beginWaiting(): void {
    this.suspended = undefined;
    while (this.suspended === undefined) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.begin(next.value, next.timestamp);
    }
  }

  private wait(value: In, timestamp: number): void {
    if (this.waiting.length === waitingElementsMax) {
      throw new MillraceError(
        `Too many records were emitted in one call: ${waitingElementsMax} wait for operator "${this.context.name}" (subtask ${this.context.subtaskIndex}), whose results go out more slowly. A function that emits through its collector can't be suspended; return an iterable (a generator) from flatMap instead, or emit less at a time.`,
        { domain: 'user-code', action: 'restart' },
      );
    }
    this.waiting.push({ value, timestamp });
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

  private iteratorOf(results: Iterable<Out>): Iterator<Out> {
    if (typeof results[Symbol.iterator] === 'function') return results[Symbol.iterator]();
    throw new MillraceError(
      `The flatMap function of operator "${this.context.name}" returned a value that can't be iterated (an async generator?). Return an array, another iterable, a generator's result, or nothing.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }

  private nextResult(iterator: Iterator<Out>): IteratorResult<Out> {
    let step: IteratorResult<Out>;
    this.guard.active = true;
    this.collector.timestamp = this.suspendedTimestamp;
    try {
      step = iterator.next();
    } catch (error) {
      throw this.failed(error, 'The iterable returned by the flatMap function');
    } finally {
      this.guard.active = false;
    }
    this.afterUserCall(step);
    return step;
  }
}

interface WaitingElement<In> {
  readonly value: In;
  readonly timestamp: number;
}

/** As many as wait for credit on a channel within a thread: the same limit on what one call may emit. */
const waitingElementsMax = 16_384;
