import type { LookupCache, LookupCacheOptions, LookupKey } from '../async-io/lookup-cache.js';
import type { AsyncRetryStrategy } from './async-retry-strategies.js';
import type { DeepReadonly } from './deep-readonly.js';
import type { Duration } from './duration.js';
import type { FunctionContext } from './functions.js';
import type { OperatorOptions } from './operator-options.js';

/**
 * Asks the outside world about each element, many at a time (Flink's AsyncFunction). One instance serves all
 * elements of a subtask. A request is not made exactly once: after a failure it is made again for every
 * element without a result in the checkpoint; only the result is emitted once.
 */
export abstract class AsyncFunction<In, Out> {
  /** Before the first element: open connections and caches here. */
  open(_context: AsyncFunctionContext): void {}

  /**
   * Begins one attempt. Where it rejects, the retry strategy says whether there is another one; without one,
   * the attempt of the job fails.
   */
  abstract asyncInvoke(value: DeepReadonly<In>, context: AsyncContext): Promise<Out>;

  /** The result for an element whose time-out has passed, retries included. Without this method the attempt of the job fails. */
  timeout?(value: DeepReadonly<In>, context: AsyncContext): Out;

  close(): void {}
}

/** An AsyncFunction that only asks. */
export type AsyncInvoke<In, Out> = (value: DeepReadonly<In>, context: AsyncContext) => Promise<Out>;

/** Of one element's request. It may be kept for as long as the request lasts. */
export interface AsyncContext {
  /** This attempt's. Aborted when it has failed, a time-out has passed or the job ends: give it to `fetch` and the like, or their work goes on for nobody. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt, one more for each retry. */
  readonly attempt: number;
  /** The element's event time in epoch ms; undefined without a watermark strategy that assigns one. */
  readonly timestamp: number | undefined;
}

/** What `open` of an asynchronous function is given. */
export interface AsyncFunctionContext extends FunctionContext {
  /** A cache in front of a look-up, of this subtask alone; it begins empty with each attempt of the job. */
  lookupCache<K extends LookupKey, V>(options: LookupCacheOptions<K, V>): LookupCache<K, V>;
}

export interface AsyncOptions<Result> extends OperatorOptions {
  /** The longest that one element may take, retries and their delays included. */
  readonly timeout: Duration;
  /** The longest that one attempt may take; then its signal is aborted, and it counts as rejected. By default as long as `timeout`. */
  readonly attemptTimeout?: Duration;
  /** Elements of a subtask that are being asked about, or wait for those before them; at this many it takes no more. 100 by default. They are in every checkpoint. */
  readonly capacity?: number;
  /** By default nothing is retried. */
  readonly retry?: AsyncRetryStrategy<Result>;
}
