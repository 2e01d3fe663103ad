import type {
  KeyedBroadcastProcessFunction,
  KeyedState,
  KeyedStateFunction,
} from '../api/broadcast-functions.js';
import type { DeepReadonly } from '../api/deep-readonly.js';
import type { KeySelector, TimeDomain } from '../api/functions.js';
import type { Key } from '../key-groups/key.js';
import { MillraceError } from '../protocol/failures.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { AbstractKeyedFunctionOperator } from './abstract-keyed-function-operator.js';
import { BroadcastStates } from './broadcast-states.js';
import { CallGuard, GuardedCollector } from './guarded-collector.js';
import { KeyedBroadcastElementContext, KeyedReadingContext } from './keyed-broadcast-contexts.js';
import { KeyedRuntimeContext } from './keyed-runtime-context.js';
import { type KeyedStateApplication, KeyedStateApplications } from './keyed-state-applications.js';
import type { OperatorContext } from './stream-operator.js';

/**
 * Runs a KeyedBroadcastProcessFunction. Input 1 is the broadcast one. Invariant: while its element is processed,
 * keyed state refuses to work, since the current key is still that of some element of the other side; and no
 * element gets in while the keys are gone through for it.
 */
export class KeyedBroadcastProcessOperator<K extends Key, A, B, Out> extends AbstractKeyedFunctionOperator<
  K,
  A | B,
  Out
> {
  private readonly fn: KeyedBroadcastProcessFunction<K, A, B, Out>;
  private readonly keySelector: KeySelector<A, K>;
  private readonly readingContext: KeyedReadingContext<K>;
  private readonly broadcastContext: KeyedBroadcastElementContext<K>;
  /** Active in calls for either side; the inherited one only in those that have a key. */
  private readonly anyCallGuard: CallGuard;
  /** Active in calls for a broadcast element. */
  private readonly broadcastCallGuard: CallGuard;
  private readonly broadcastCollector: GuardedCollector<Out>;
  private readonly applications: KeyedStateApplications<K>;
  private readonly runtimeContext: KeyedRuntimeContext;

  constructor(
    fn: KeyedBroadcastProcessFunction<K, A, B, Out>,
    keySelector: KeySelector<A, K>,
    descriptors: readonly { readonly name: string }[],
    context: OperatorContext<Out>,
  ) {
    super(fn, context);
    this.fn = fn;
    this.keySelector = keySelector;
    this.anyCallGuard = new CallGuard(context.name);
    this.broadcastCallGuard = new CallGuard(context.name);
    this.broadcastCallGuard.refusal = refusalOutside;
    this.broadcastCollector = new GuardedCollector(context.output, this.anyCallGuard, context.failure);
    const states = new BroadcastStates(descriptors, context, this.anyCallGuard);
    this.readingContext = new KeyedReadingContext(this.functionContext, states);
    this.runtimeContext = new KeyedRuntimeContext(context, this.backend, this.guard);
    this.applications = new KeyedStateApplications(context, this.backend, (key, application) =>
      this.callForKey(key, application),
    );
    this.broadcastContext = new KeyedBroadcastElementContext(
      this.timers,
      this.broadcastCollector,
      states,
      (state, fn) => this.applyToKeyedState(state, fn),
    );
    this.broadcastContext.mayWrite = true;
  }

  processElement(value: A | B, timestamp: number, input: number): void {
    this.anyCallGuard.active = true;
    let result: unknown;
    try {
      result =
        input === 0
          ? this.callForElement(value as DeepReadonly<A>, timestamp)
          : this.callForBroadcast(value as DeepReadonly<B>, timestamp);
    } catch (error) {
      throw this.failed(error, input === 0 ? 'processElement()' : 'processBroadcastElement()');
    } finally {
      this.anyCallGuard.active = false;
    }
    this.afterUserCall(result);
    if (input !== 0) this.applications.run();
  }

  override resume(): boolean {
    return this.applications.resume() && super.resume();
  }

  protected override openFunction(): unknown {
    return this.fn.open(this.runtimeContext);
  }

  protected override fire(timestamp: number, timeDomain: TimeDomain): void {
    this.anyCallGuard.active = true;
    try {
      super.fire(timestamp, timeDomain);
    } finally {
      this.anyCallGuard.active = false;
    }
  }

  protected override callOnTimer(timestamp: number): unknown {
    return this.fn.onTimer(timestamp, this.readingContext, this.collector);
  }

  private callForElement(value: DeepReadonly<A>, timestamp: number): unknown {
    this.collector.timestamp = timestamp;
    this.functionContext.timestamp = timestamp === NO_TIMESTAMP ? undefined : timestamp;
    this.guard.active = true;
    try {
      this.backend.setCurrentKey(this.keySelector(value));
      return this.fn.processElement(value, this.readingContext, this.collector);
    } finally {
      this.guard.active = false;
    }
  }

  private callForBroadcast(value: DeepReadonly<B>, timestamp: number): unknown {
    this.broadcastCollector.timestamp = timestamp;
    this.broadcastContext.timestamp = timestamp === NO_TIMESTAMP ? undefined : timestamp;
    this.guard.refusal = refusalWithoutKey;
    this.broadcastCallGuard.active = true;
    try {
      return this.fn.processBroadcastElement(value, this.broadcastContext, this.broadcastCollector);
    } finally {
      this.guard.refusal = undefined;
      this.broadcastCallGuard.active = false;
    }
  }

  private applyToKeyedState(state: KeyedState, fn: KeyedStateFunction<K, never>): void {
    this.broadcastCallGuard.assertActive('applyToKeyedState()');
    const stateName = this.runtimeContext.nameOf(state);
    if (stateName === undefined) throw this.notOurs();
    this.applications.add({ stateName, state, fn });
  }

  /** Its results have the broadcast element's time. */
  private callForKey(key: K, { state, fn }: KeyedStateApplication<K>): void {
    this.anyCallGuard.active = true;
    this.guard.active = true;
    let result: unknown;
    try {
      result = fn(key, state as never);
    } catch (error) {
      throw this.failed(error, 'applyToKeyedState()');
    } finally {
      this.guard.active = false;
      this.anyCallGuard.active = false;
    }
    this.afterUserCall(result);
  }

  private notOurs(): MillraceError {
    return new MillraceError(
      `applyToKeyedState() of operator "${this.context.name}" was given a state that its function did not get in open(). Give it what getState(), getListState(), getMapState(), getReducingState() or getAggregatingState() has returned there.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
}

const refusalOutside =
  'was called outside of processBroadcastElement(). Call it there: what it is given runs when that has returned.';

const refusalWithoutKey =
  'was used in processBroadcastElement(): a broadcast element has no key. Use it in processElement() or onTimer(), or in a function given to applyToKeyedState().';
