import type { CallGuard } from '../operators/guarded-collector.js';
import { MillraceError } from '../protocol/failures.js';
import {
  type ReducingState,
  type ReducingStateDescriptor,
  ReducingValueState,
} from '../state/reducing-state.js';
import type { MapState, ValueState, ValueStateDescriptor } from '../state/state-descriptors.js';

/** State that belongs to one window of a key: of its trigger, or of its function. Each is one cell of a map. */
export class WindowStates {
  /** Whose state the states below are, until the next change. */
  windowId = '';
  private readonly cells: MapState<string, unknown>;
  private readonly guard: CallGuard;
  /** Kept, so that a call costs no object; but two descriptors of one state may differ in all but its name. */
  private readonly values = new Map<string, WindowValueState<unknown>>();
  private readonly reducing = new Map<string, KnownReducingState>();

  constructor(cells: MapState<string, unknown>, guard: CallGuard) {
    this.cells = cells;
    this.guard = guard;
  }

  value<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    if (descriptor.ttl !== undefined) throw ttlOfWindow(descriptor.name);
    const known = this.values.get(descriptor.name);
    if (known !== undefined && known.defaultValue === descriptor.defaultValue) return known as ValueState<T>;
    const state = new WindowValueState<T>(this, descriptor);
    this.values.set(descriptor.name, state as WindowValueState<unknown>);
    return state;
  }

  reduced<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    const known = this.reducing.get(descriptor.name);
    if (descriptor.ttl !== undefined) throw ttlOfWindow(descriptor.name);
    if (known?.reduce === descriptor.reduce) return known.state as ReducingState<T>;
    const state = new ReducingValueState<T>(this.value<T>({ name: descriptor.name }), descriptor);
    this.reducing.set(descriptor.name, { reduce: descriptor.reduce, state: state as ReducingState<unknown> });
    return state;
  }

  /** Moves a state of the windows `from` to the current one. */
  merge<T>(descriptor: ReducingStateDescriptor<T>, from: readonly string[]): void {
    for (const id of from) {
      const moved = this.read(id, descriptor.name);
      if (moved === undefined) continue;
      this.write(id, descriptor.name, undefined);
      this.reduced(descriptor).add(moved as T);
    }
  }

  read(windowId: string, name: string): unknown {
    if (!this.guard.active) this.guard.assertActive('A state of a window');
    return this.cells.get(`${windowId}/${name}`);
  }

  write(windowId: string, name: string, value: unknown): void {
    if (!this.guard.active) this.guard.assertActive('A state of a window');
    const key = `${windowId}/${name}`;
    if (value !== undefined) this.cells.put(key, value);
    else if (this.cells.has(key)) this.cells.remove(key);
  }
}

interface KnownReducingState {
  readonly reduce: unknown;
  readonly state: ReducingState<unknown>;
}

class WindowValueState<T> implements ValueState<T> {
  private readonly owner: WindowStates;
  private readonly name: string;
  readonly defaultValue: T | undefined;

  constructor(owner: WindowStates, descriptor: ValueStateDescriptor<T>) {
    this.owner = owner;
    this.name = descriptor.name;
    this.defaultValue = descriptor.defaultValue;
  }

  value(): T | undefined {
    const value = this.owner.read(this.owner.windowId, this.name);
    // A stored null is a value.
    return value === undefined ? this.defaultValue : (value as T);
  }

  update(value: T): void {
    this.owner.write(this.owner.windowId, this.name, value);
  }

  clear(): void {
    this.owner.write(this.owner.windowId, this.name, undefined);
  }
}

function ttlOfWindow(name: string): MillraceError {
  return new MillraceError(
    `The state "${name}" of a window has a ttl: such state goes with its window. Leave the ttl out, or register the state in open(), where it belongs to the key.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}
