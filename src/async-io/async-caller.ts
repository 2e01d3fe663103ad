import type { AsyncRetryStrategy } from '../api/async-retry-strategies.js';
import type { DeepReadonly } from '../api/deep-readonly.js';
import type { CancelTimer, Clock } from '../host/clock.js';
import { MillraceError } from '../protocol/failures.js';
import type { AsyncRequest } from './async-request.js';

/**
 * Makes an operator's requests: attempts, retries and time-outs. Invariants: a request is done once, by its
 * result or by its time-out, whichever comes first, and what comes later is ignored; no two attempts of one
 * request overlap. Everything that comes from outside (a promise, a timer) only takes note and asks for a
 * turn: the operator acts in its turn, between two elements.
 */
export class AsyncCaller<In, Result, Request extends AsyncRequest<In, Result>> {
  private readonly options: AsyncCallerOptions<Result, Request>;
  /** In the order in which they began, which is that of their deadlines. */
  private readonly inFlight = new Set<Request>();
  private readonly dueRetries: Request[] = [];
  private cancelTimer: CancelTimer | undefined;
  private isClosed = false;

  constructor(options: AsyncCallerOptions<Result, Request>) {
    this.options = options;
  }

  /** Requests that are followed and not done. */
  get size(): number {
    return this.inFlight.size;
  }

  /** Makes the first attempt; without a promise, the request is done at once. */
  start(request: Request): void {
    const promise = this.attempt(request);
    if (promise === undefined) this.finish(request, undefined);
    else this.follow(request, promise);
  }

  /** One attempt. Undefined when there is nothing to wait for, in which case the request need not be followed. */
  attempt(request: Request): Promise<Result> | undefined {
    request.beginAttempt();
    try {
      return this.options.invoke(request);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Waits for the first attempt's promise, or what the retries give. The time-out counts from here. */
  follow(request: Request, promise: Promise<Result>): void {
    const { clock, settings } = this.options;
    request.deadlineMs = clock.monotonicMs() + settings.timeoutMs;
    this.inFlight.add(request);
    if (this.cancelTimer === undefined) this.scheduleTimeout(settings.timeoutMs);
    this.listen(request, promise);
  }

  /** Makes the retries whose delay has passed. In the operator's turn, since a function may read state. */
  retryDue(): void {
    for (const request of this.dueRetries.splice(0)) {
      if (request.isDone) continue;
      const promise = this.attempt(request);
      if (promise === undefined) this.finish(request, undefined);
      else this.listen(request, promise);
    }
  }

  /** Nothing is called or told any more. */
  close(): void {
    this.isClosed = true;
    this.cancelTimer?.();
    const reason = new Error(`Operator "${this.options.operatorName}" has ended.`);
    for (const request of this.inFlight) {
      request.cancelRetry?.();
      request.abort(reason);
    }
    this.inFlight.clear();
  }

  private listen(request: Request, promise: Promise<Result>): void {
    promise.then(
      (result) => this.onResolved(request, result),
      (error: unknown) => this.onRejected(request, error),
    );
  }

  private onResolved(request: Request, result: Result): void {
    if (request.isDone || this.isClosed) return;
    if (this.shallRetry(request, (retry) => retry.ifResult(result as DeepReadonly<Result>))) {
      this.retryLater(request);
    } else {
      this.finish(request, result);
    }
  }

  private onRejected(request: Request, error: unknown): void {
    if (request.isDone || this.isClosed) return;
    request.lastError = error;
    if (this.shallRetry(request, (retry) => retry.ifException(error))) this.retryLater(request);
    else this.fail(request, error);
  }

  /** A predicate that throws fails the attempt: nothing is known of what it would have said. */
  private shallRetry(request: Request, isWanted: (retry: AsyncRetryStrategy<Result>) => boolean): boolean {
    const { retry } = this.options.settings;
    if (retry === undefined || request.attempt > retry.maxAttempts) return false;
    try {
      return isWanted(retry);
    } catch (error) {
      this.fail(request, error);
      return false;
    }
  }

  private retryLater(request: Request): void {
    const { settings, clock, onRetryDue } = this.options;
    const delayMs = settings.retry?.backoffTimeMs(request.attempt) ?? 0;
    // Its time will be up before that.
    if (clock.monotonicMs() + delayMs >= request.deadlineMs) return;
    request.cancelRetry = clock.setTimer(delayMs, () => {
      request.cancelRetry = undefined;
      this.dueRetries.push(request);
      onRetryDue();
    });
  }

  /** One timer for all requests: all have the same time-out, so the first that began is the first to be due. */
  private scheduleTimeout(delayMs: number): void {
    this.cancelTimer = this.options.clock.setTimer(delayMs, () => {
      this.cancelTimer = undefined;
      this.timeOutDue();
    });
  }

  private timeOutDue(): void {
    const nowMs = this.options.clock.monotonicMs();
    for (const request of this.inFlight) {
      if (this.isClosed) return;
      if (request.deadlineMs > nowMs) {
        this.scheduleTimeout(request.deadlineMs - nowMs);
        return;
      }
      this.timeOut(request);
    }
  }

  private timeOut(request: Request): void {
    const { settings, operatorName, subtaskIndex, onTimeout } = this.options;
    const attempts = request.attempt === 1 ? 'its only attempt' : `${request.attempt} attempts`;
    const error = new MillraceError(
      `asyncInvoke() of operator "${operatorName}" (subtask ${subtaskIndex}) gave no result within ${settings.timeoutMs} ms, in ${attempts}. Give the function a timeout() that answers for such elements, or the operator a longer timeout.`,
      { domain: 'outside-system', action: 'restart', cause: request.lastError },
    );
    request.cancelRetry?.();
    request.abort(error);
    if (onTimeout === undefined) {
      this.fail(request, error);
      return;
    }
    try {
      this.finish(request, onTimeout(request));
    } catch (thrown) {
      this.fail(request, thrown);
    }
  }

  private finish(request: Request, result: Result | undefined): void {
    if (request.isDone || this.isClosed) return;
    request.isDone = true;
    request.result = result;
    this.inFlight.delete(request);
    this.options.onDone(request);
  }

  private fail(request: Request, error: unknown): void {
    if (request.isDone || this.isClosed) return;
    request.isDone = true;
    this.inFlight.delete(request);
    this.options.onFailure(request, error);
  }
}

/** The options of an asynchronous operator, in numbers. */
export interface AsyncCallSettings<Result> {
  /** Elements under way, including those whose result waits to be emitted. */
  readonly capacity: number;
  /** For one element, with its retries. */
  readonly timeoutMs: number;
  readonly retry: AsyncRetryStrategy<Result> | undefined;
}

export interface AsyncCallerOptions<Result, Request> {
  readonly operatorName: string;
  readonly subtaskIndex: number;
  readonly clock: Clock;
  readonly settings: AsyncCallSettings<Result>;
  /** One attempt. Undefined when there is nothing to ask: the request is done, with undefined for its result. */
  readonly invoke: (request: Request) => Promise<Result> | undefined;
  /** The result of a request whose time is up; undefined where the function has none. */
  readonly onTimeout: ((request: Request) => Result) | undefined;
  readonly onDone: (request: Request) => void;
  /** Retries wait for `retryDue`. */
  readonly onRetryDue: () => void;
  readonly onFailure: (request: Request, error: unknown) => void;
}
