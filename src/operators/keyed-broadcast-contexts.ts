import type {
  KeyedBroadcastContext,
  KeyedState,
  KeyedStateFunction,
  ReadOnlyBroadcastStates,
} from '../api/broadcast-functions.js';
import type { OnTimerContext, TimeDomain, TimerService } from '../api/functions.js';
import type { OutputTag } from '../api/output-tag.js';
import type { Key } from '../key-groups/key.js';
import type { ReadOnlyBroadcastState } from '../state/broadcast-state.js';
import type { MapStateDescriptor } from '../state/state-descriptors.js';
import { BroadcastElementContext, type ElementTimes } from './broadcast-element-context.js';
import type { BroadcastStates } from './broadcast-states.js';
import type { GuardedCollector } from './guarded-collector.js';
import type { KeyedFunctionContext } from './keyed-function-context.js';

/** A keyed function's context that also reads broadcast state: one object for all calls. */
export class KeyedReadingContext<K extends Key> implements OnTimerContext<K>, ReadOnlyBroadcastStates {
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

/** The surroundings of a broadcast element beside keyed ones: one object for all calls. */
export class KeyedBroadcastElementContext<K extends Key>
  extends BroadcastElementContext
  implements KeyedBroadcastContext<K>
{
  private readonly apply: (state: KeyedState, fn: KeyedStateFunction<K, never>) => void;

  constructor(
    times: ElementTimes,
    collector: GuardedCollector<never>,
    states: BroadcastStates,
    apply: (state: KeyedState, fn: KeyedStateFunction<K, never>) => void,
  ) {
    super(times, collector, states);
    this.apply = apply;
  }

  applyToKeyedState<S extends KeyedState>(state: S, fn: KeyedStateFunction<K, S>): void {
    this.apply(state, fn as KeyedStateFunction<K, never>);
  }
}
