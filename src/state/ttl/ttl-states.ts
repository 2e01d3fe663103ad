import type { Clock } from '../../host/clock.js';
import { CachedListState } from '../cached-list-state.js';
import { CachedMapState } from '../cached-map-state.js';
import type { CachedState, StateScope } from '../cached-state.js';
import { CachedValueState } from '../cached-value-state.js';
import { timedCells } from '../cell-format.js';
import type { StateName } from '../keyed-state-backend.js';
import type {
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../state-descriptors.js';
import type { StateNames } from '../state-names.js';
import type { CellExpiry } from './cell-expiry.js';
import { checkedTtl, type StateTtlConfig } from './state-ttl-config.js';
import { TtlListState } from './ttl-list-state.js';
import { TtlMapState } from './ttl-map-state.js';
import { TtlClock, type TtlValue } from './ttl-value.js';
import { TtlValueState } from './ttl-value-state.js';

/** Makes one operator's states with TTL, each over a cached state that keeps a time with every value. */
export class TtlStates {
  private readonly options: TtlStatesOptions;

  constructor(options: TtlStatesOptions) {
    this.options = options;
  }

  value<T>(descriptor: ValueStateDescriptor<T>, config: StateTtlConfig): ValueState<T> {
    const { scope, register } = this.options;
    const { name, clock } = this.resolve(descriptor.name, 'value', config);
    const inner = register(
      name,
      () => new CachedValueState<TtlValue<T>>(scope, name, { name: name.name }, timedCells),
    );
    return new TtlValueState<T>(inner, clock, descriptor.defaultValue);
  }

  list<T>(descriptor: ListStateDescriptor<T>, config: StateTtlConfig): ListState<T> {
    const { scope, register } = this.options;
    const { name, clock } = this.resolve(descriptor.name, 'list', config);
    const bound = descriptor.maxLength === undefined ? {} : { maxLength: descriptor.maxLength };
    const inner = register(
      name,
      () => new CachedListState<TtlValue<T>>(scope, name, { name: name.name, ...bound }, timedCells),
    );
    return new TtlListState<T>(inner, clock);
  }

  map<K extends string | number, V>(
    descriptor: MapStateDescriptor<K, V>,
    config: StateTtlConfig,
  ): MapState<K, V> {
    const { scope, register } = this.options;
    const { name, clock } = this.resolve(descriptor.name, 'map', config);
    const inner = register(name, () => new CachedMapState<K, TtlValue<V>>(scope, name, timedCells));
    return new TtlMapState<K, V>(inner, clock);
  }

  private resolve(
    stateName: string,
    kind: 'value' | 'list' | 'map',
    config: StateTtlConfig,
  ): { readonly name: StateName; readonly clock: TtlClock } {
    const { names, expiry, clock, operator } = this.options;
    const ttl = checkedTtl(config, `state "${stateName}" of operator "${operator}"`);
    const name = names.resolve(stateName, kind, true);
    expiry.add(name.id, ttl.timeMs);
    return { name, clock: new TtlClock(ttl, clock) };
  }
}

export interface TtlStatesOptions {
  readonly scope: StateScope;
  readonly names: StateNames;
  readonly expiry: CellExpiry;
  readonly clock: Clock;
  /** For errors. */
  readonly operator: string;
  /** Gives the state that was made for this name before, or makes it. */
  readonly register: <S extends CachedState>(name: StateName, make: () => S) => S;
}
