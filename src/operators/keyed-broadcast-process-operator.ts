import type { KeyedBroadcastProcessFunction, ReadOnlyBroadcastStates } from '../api/broadcast-functions.js';
import type { DeepReadonly } from '../api/deep-readonly.js';
import type { KeySelector, OnTimerContext, TimeDomain, TimerService } from '../api/functions.js';
import type { OutputTag } from '../api/output-tag.js';
import type { Key } from '../key-groups/key.js';
import { NO_TIMESTAMP } from '../protocol/stream-elements.js';
import type { ReadOnlyBroadcastState } from '../state/broadcast-state.js';
import type { MapStateDescriptor } from '../state/state-descriptors.js';
import { AbstractKeyedFunctionOperator } from './abstract-keyed-function-operator.js';
import { BroadcastElementContext } from './broadcast-element-context.js';
import { BroadcastStates } from './broadcast-states.js';
import { CallGuard, GuardedCollector } from './guarded-collector.js';
import type { KeyedFunctionContext } from './keyed-function-context.js';
import type { OperatorContext } from './stream-operator.js';

/**
 * Runs a KeyedBroadcastProcessFunction. Input 1 is the broadcast one. Invariant: while its element is processed,
 * keyed state refuses to work, since the current key is still that of some element of the other side.
 */
export class KeyedBroadcastProcessOperator<K extends Key, A, B, Out> extends AbstractKeyedFunctionOperator<
  K,
  A | B,
  Out
> {
  private readonly fn: KeyedBroadcastProcessFunction<K, A, B, Out>;
  private readonly keySelector: KeySelector<A, K>;
  private readonly readingContext: KeyedReadingContext<K>;
  private readonly broadcastContext: BroadcastElementContext;
  /** Active in calls for either side; the inherited one only in those that have a key. */
  private readonly anyCallGuard: CallGuard;
  private readonly broadcastCollector: GuardedCollector<Out>;

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
    this.broadcastCollector = new GuardedCollector(context.output, this.anyCallGuard, context.failure);
    const states = new BroadcastStates(descriptors, context, this.anyCallGuard);
    this.readingContext = new KeyedReadingContext(this.functionContext, states);
    this.broadcastContext = new BroadcastElementContext(this.timers, this.broadcastCollector, states);
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
    try {
      return this.fn.processBroadcastElement(value, this.broadcastContext, this.broadcastCollector);
    } finally {
      this.guard.refusal = undefined;
    }
  }
}

const refusalWithoutKey =
  'was used in processBroadcastElement(): a broadcast element has no key. Use it in processElement() or onTimer().';

/** A keyed function's context that also reads broadcast state: one object for all calls. */
class KeyedReadingContext<K extends Key> implements OnTimerContext<K>, ReadOnlyBroadcastStates {
  readonly timerService: TimerService;
  private readonly inner: KeyedFunctionContext<K>;
  private readonly states: BroadcastStates;

  constructor(inner: KeyedFunctionContext<K>, states: BroadcastStates) {
    this.inner = inner;
    this.states = states;
    this.timerService = inner.timerService;
  }

  get currentKey(): K {
    return this.inner.currentKey;
  }

  get timestamp(): number | undefined {
    return this.inner.timestamp;
  }

  get timeDomain(): TimeDomain {
    return this.inner.timeDomain;
  }

  output<T>(tag: OutputTag<T>, value: T): void {
    this.inner.output(tag, value);
  }

  getBroadcastState<MapKey extends string | number, V>(
    descriptor: MapStateDescriptor<MapKey, V>,
  ): ReadOnlyBroadcastState<MapKey, V> {
    return this.states.stateOf(descriptor, false);
  }
}
