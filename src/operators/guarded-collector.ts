import type { Collector } from '../api/functions.js';
import { MillraceError } from '../protocol/failures.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import type { ChainFailure } from './chain-failure.js';
import type { Output } from './stream-operator.js';

/**
 * Whether the runtime is inside a call of a user's function. What the function was given works only then:
 * a collector or a state used from a callback later would act for whatever key is current at that time.
 */
export class CallGuard {
  active = false;
  /** Why it is not active, where that is not the usual reason. */
  refusal: string | undefined = undefined;
  private readonly operatorName: string;

  constructor(operatorName: string) {
    this.operatorName = operatorName;
  }

  assertActive(what: string): void {
    if (this.active) return;
    throw new MillraceError(`${what} of operator "${this.operatorName}" ${this.refusal ?? usualRefusal}`, {
      domain: 'user-code',
      action: 'fail-job',
    });
  }
}

const usualRefusal =
  "was used outside of the call it was given for (from a callback, a promise or a timer of Node's). Use it only before the function returns.";

/** The collector a user's function emits to. */
export class GuardedCollector<Out> implements Collector<Out> {
  /** The timestamp that results inherit. */
  timestamp = NO_TIMESTAMP;
  private readonly output: Output<Out>;
  private readonly guard: CallGuard;
  private readonly failure: ChainFailure;

  constructor(output: Output<Out>, guard: CallGuard, failure: ChainFailure) {
    this.output = output;
    this.guard = guard;
    this.failure = failure;
  }

  collect(value: Out): void {
    if (!this.guard.active) this.guard.assertActive('The collector');
    try {
      this.output.collect(value, this.timestamp);
    } catch (error) {
      // Kept, so that a `catch` in the user's function can't swallow it.
      this.failure.error ??= error;
      throw error;
    }
  }

  collectSide(tag: string, value: unknown): void {
    if (!this.guard.active) this.guard.assertActive('The side output');
    try {
      this.output.collectSide(tag, value, this.timestamp);
    } catch (error) {
      this.failure.error ??= error;
      throw error;
    }
  }
}
