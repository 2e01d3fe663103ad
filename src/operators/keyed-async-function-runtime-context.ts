import type { KeyedAsyncRuntimeContext } from '../api/keyed-async-process-function.js';
import { LookupCache, type LookupCacheOptions, type LookupKey } from '../async-io/lookup-cache.js';
import type { Clock } from '../host/clock.js';
import type { KeyedStateBackend } from '../state/keyed-state-backend.js';
import type { CallGuard } from './guarded-collector.js';
import { KeyedRuntimeContext } from './keyed-runtime-context.js';
import type { OperatorContext } from './stream-operator.js';

/** What `open` of a KeyedAsyncProcessFunction is given. */
export class KeyedAsyncFunctionRuntimeContext
  extends KeyedRuntimeContext
  implements KeyedAsyncRuntimeContext
{
  private readonly clock: Clock;

  constructor(context: OperatorContext<never>, backend: KeyedStateBackend, guard: CallGuard) {
    super(context, backend, guard);
    this.clock = context.clock;
  }

  lookupCache<K extends LookupKey, V>(options: LookupCacheOptions<K, V>): LookupCache<K, V> {
    return new LookupCache(options, this.clock);
  }
}
