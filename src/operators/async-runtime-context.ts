import type { AsyncFunctionContext } from '../api/async-function.js';
import { LookupCache, type LookupCacheOptions, type LookupKey } from '../async-io/lookup-cache.js';
import type { Clock } from '../host/clock.js';
import type { OperatorContext } from './stream-operator.js';

/** What `open` of an AsyncFunction is given. */
export class AsyncRuntimeContext implements AsyncFunctionContext {
  readonly operatorName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly attemptNumber: number;
  private readonly clock: Clock;

  constructor(context: OperatorContext<never>) {
    this.operatorName = context.name;
    this.subtaskIndex = context.subtaskIndex;
    this.parallelism = context.parallelism;
    this.maxParallelism = context.maxParallelism;
    this.attemptNumber = context.attempt;
    this.clock = context.clock;
  }

  lookupCache<K extends LookupKey, V>(options: LookupCacheOptions<K, V>): LookupCache<K, V> {
    return new LookupCache(options, this.clock);
  }
}
