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

  constructor(context: OperatorContext<never>, backend: KeyedStateBackend, guard: CallGuard) {
    super(context, guard);
    this.backend = backend;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return new GuardedValueState(this.backend.valueState(descriptor), this.guard);
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return new GuardedListState(this.backend.listState(descriptor), this.guard);
  }

  getMapState<K extends string | number, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return new GuardedMapState(this.backend.mapState(descriptor), this.guard);
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return new ReducingValueState(this.getState<T>(cellOf(descriptor)), descriptor);
  }

  getAggregatingState<In, Acc, Out>(
    descriptor: AggregatingStateDescriptor<In, Acc, Out>,
  ): AggregatingState<In, Out> {
    return new AggregatingValueState(this.getState<Acc>(cellOf(descriptor)), descriptor);
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
