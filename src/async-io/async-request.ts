import type { AsyncContext } from '../api/async-function.js';
import type { RecordOrigin } from '../exchange/record-origin.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';

/** One element on its way through async I/O: what came in, and what is known of its result. */
export class AsyncRequest<In, Result> implements AsyncContext {
  readonly value: In;
  readonly elementTimestamp: number;
  readonly origin: RecordOrigin;
  attempt = 0;
  /** The number of the attempt that is waited for; 0 for none. */
  attemptUnderWay = 0;
  /** No attempt counts any more: the result is here, or its time was up. */
  isDone = false;
  result: Result | undefined = undefined;
  /** Of the attempt before this one. */
  lastError: unknown = undefined;
  cancelRetry: (() => void) | undefined = undefined;
  /** How many events (watermarks) had come before it, as its queue counts them. */
  epoch = 0;
  private controller: AbortController | undefined = undefined;

  constructor(value: In, elementTimestamp: number, { split, position }: RecordOrigin) {
    this.value = value;
    this.elementTimestamp = elementTimestamp;
    this.origin = { split, position };
  }

  get timestamp(): number | undefined {
    return this.elementTimestamp === NO_TIMESTAMP ? undefined : this.elementTimestamp;
  }

  /** For errors. */
  get invocation(): string {
    const attempt = this.attempt > 1 ? `attempt ${this.attempt}` : undefined;
    const known = [elementOf(this.elementTimestamp), attempt].filter((each) => each !== undefined);
    return known.length === 0 ? 'asyncInvoke()' : `asyncInvoke() (${known.join(', ')})`;
  }

  beginAttempt(): void {
    this.attempt += 1;
    this.attemptUnderWay = this.attempt;
    // Each attempt has its own, or listeners of those before would stay on it.
    this.controller = undefined;
  }

  /** Made when it is first asked for: many functions never do, and it would be most of a request's cost. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    return this.controller.signal;
  }

  abort(reason: unknown): void {
    this.controller?.abort(reason);
  }
}

function elementOf(timestamp: number): string | undefined {
  if (timestamp === NO_TIMESTAMP) return undefined;
  const time = new Date(timestamp);
  return `element of ${Number.isNaN(time.getTime()) ? timestamp : time.toISOString()}`;
}
