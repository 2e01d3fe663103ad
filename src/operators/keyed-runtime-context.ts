import type { RuntimeContext } from '../api/functions.js';
import {
  type AggregatingState,
  type AggregatingStateDescriptor,
  AggregatingValueState,
} from '../state/aggregating-state.js';
import type { KeyedStateBackend } from '../state/keyed-state-backend.js';
import {
  type ReducingState,
  type ReducingStateDescriptor,
  ReducingValueState,
} from '../state/reducing-state.js';
import type {
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../state/state-descriptors.js';
import type { StateTtlConfig } from '../state/ttl/state-ttl-config.js';
import { FunctionRuntimeContext } from './function-runtime-context.js';
import type { CallGuard } from './guarded-collector.js';
import { GuardedListState, GuardedMapState, GuardedValueState } from './guarded-state.js';
import type { OperatorContext } from './stream-operator.js';

/** What `open` is given. States are handed out guarded, see CallGuard. */
export class KeyedRuntimeContext extends FunctionRuntimeContext implements RuntimeContext {
  private readonly backend: KeyedStateBackend;
  private readonly namesOfStates = new Map<object, string>();

  constructor(context: OperatorContext<never>, backend: KeyedStateBackend, guard: CallGuard) {
    super(context, guard);
    this.backend = backend;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.named(descriptor, new GuardedValueState(this.backend.valueState(descriptor), this.guard));
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.named(descriptor, new GuardedListState(this.backend.listState(descriptor), this.guard));
  }

  getMapState<K extends string | number, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.named(descriptor, new GuardedMapState(this.backend.mapState(descriptor), this.guard));
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    const cell = this.getState<T>(cellOf(descriptor));
    return this.named(descriptor, new ReducingValueState(cell, descriptor));
  }

  getAggregatingState<In, Acc, Out>(
    descriptor: AggregatingStateDescriptor<In, Acc, Out>,
  ): AggregatingState<In, Out> {
    const cell = this.getState<Acc>(cellOf(descriptor));
    return this.named(descriptor, new AggregatingValueState(cell, descriptor));
  }

  /** Of a state that was handed out here. */
  nameOf(state: object): string | undefined {
    return this.namesOfStates.get(state);
  }

  private named<S extends object>({ name }: { readonly name: string }, state: S): S {
    this.namesOfStates.set(state, name);
    return state;
  }
}

/** The value state that a reducing or aggregating state is kept in. */
function cellOf({
  name,
  ttl,
}: {
  readonly name: string;
  readonly ttl?: StateTtlConfig;
}): Pick<ValueStateDescriptor<never>, 'name' | 'ttl'> {
  return ttl === undefined ? { name } : { name, ttl };
}
