import type { AsyncRetryStrategy } from '../api/async-retry-strategies.js';
import type { DeepReadonly } from '../api/deep-readonly.js';
import type { Clock } from '../host/clock.js';
import { MillraceError } from '../protocol/failures.js';
import type { AsyncRequest } from './async-request.js';
import { Deadlines } from './deadlines.js';

/**
 * Makes an operator's requests: attempts, retries and time-outs. Invariants: a request is done once, by its
 * result or by its time-out, whichever comes first; an attempt ends once, and what comes of it later is
 * ignored; no two attempts of one request count at the same time. Everything that comes from outside (a
 * promise, a timer) only takes note and asks for a turn: the operator acts in its turn, between two elements.
 */
export class AsyncCaller<In, Result, Request extends AsyncRequest<In, Result>> {
  private readonly options: AsyncCallerOptions<Result, Request>;
  /** Of the requests that are under way. */
  private readonly requestDeadlines: Deadlines<Request>;
  /** Of those whose attempt is. */
  private readonly attemptDeadlines: Deadlines<Request> | undefined;
  private readonly dueRetries: Request[] = [];
  private isClosed = false;

  constructor(options: AsyncCallerOptions<Result, Request>) {
    this.options = options;
    const { clock, settings } = options;
    this.requestDeadlines = new Deadlines(clock, settings.timeoutMs, (request) => this.timeOut(request));
    this.attemptDeadlines =
      settings.attemptTimeoutMs === undefined
        ? undefined
        : new Deadlines(clock, settings.attemptTimeoutMs, (request) => this.timeOutAttempt(request));
  }

  /** Requests that are followed and not done. */
  get size(): number {
    return this.requestDeadlines.size;
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
    this.requestDeadlines.add(request);
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
    const reason = new Error(`Operator "${this.options.operatorName}" has ended.`);
    for (const request of this.requestDeadlines.items) {
      request.cancelRetry?.();
      request.abort(reason);
    }
    this.requestDeadlines.close();
    this.attemptDeadlines?.close();
  }

  private listen(request: Request, promise: Promise<Result>): void {
    const { attempt } = request;
    this.attemptDeadlines?.add(request);
    promise.then(
      (result) => {
        if (this.endAttempt(request, attempt)) this.onResolved(request, result);
      },
      (error: unknown) => {
        if (this.endAttempt(request, attempt)) this.onRejected(request, error);
      },
    );
  }

  /** False when that attempt, or the request, was over already. */
  private endAttempt(request: Request, attempt: number): boolean {
    if (this.isClosed || request.isDone || request.attemptUnderWay !== attempt) return false;
    request.attemptUnderWay = 0;
    this.attemptDeadlines?.delete(request);
    return true;
  }

  private onResolved(request: Request, result: Result): void {
    if (this.shallRetry(request, (retry) => retry.ifResult(result as DeepReadonly<Result>))) {
      this.retryLater(request);
    } else {
      this.finish(request, result);
    }
  }

  private onRejected(request: Request, error: unknown): void {
    request.lastError = error;
    // What else the attempt had begun is for nobody, and must not be waited for by the next.
    request.abort(error);
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
    if (clock.monotonicMs() + delayMs >= (this.requestDeadlines.of(request) ?? 0)) return;
    request.cancelRetry = clock.setTimer(delayMs, () => {
      request.cancelRetry = undefined;
      this.dueRetries.push(request);
      onRetryDue();
    });
  }

  private timeOutAttempt(request: Request): void {
    if (!this.endAttempt(request, request.attempt)) return;
    const { settings, operatorName, subtaskIndex } = this.options;
    const error = new MillraceError(
      `${request.invocation} of operator "${operatorName}" (subtask ${subtaskIndex}) gave no result within the attemptTimeout of ${settings.attemptTimeoutMs} ms.`,
      { domain: 'outside-system', action: 'restart' },
    );
    this.onRejected(request, error);
  }

  private timeOut(request: Request): void {
    const { settings, operatorName, subtaskIndex, onTimeout } = this.options;
    const error = new MillraceError(
      `${request.invocation} of operator "${operatorName}" (subtask ${subtaskIndex}) gave no result within ${settings.timeoutMs} ms, retries included. Give the function a timeout() that answers for such elements, or the operator a longer timeout.`,
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
    if (this.end(request)) {
      request.result = result;
      this.options.onDone(request);
    }
  }

  private fail(request: Request, error: unknown): void {
    if (this.end(request)) this.options.onFailure(request, error);
  }

  private end(request: Request): boolean {
    if (request.isDone || this.isClosed) return false;
    request.isDone = true;
    this.requestDeadlines.delete(request);
    this.attemptDeadlines?.delete(request);
    return true;
  }
}

/** The options of an asynchronous operator, in numbers. */
export interface AsyncCallSettings<Result> {
  /** Elements under way, including those whose result waits to be emitted. */
  readonly capacity: number;
  /** For one element, with its retries. */
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number | undefined;
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
