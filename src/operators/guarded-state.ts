import type { ListState, MapState, ValueState } from '../state/state-descriptors.js';
import type { CallGuard } from './guarded-collector.js';

/**
 * The states as a user's function holds them. They refuse to work outside of the runtime's call, where the
 * current key is somebody else's.
 */

export class GuardedValueState<T> implements ValueState<T> {
  private readonly inner: ValueState<T>;
  private readonly guard: CallGuard;

  constructor(inner: ValueState<T>, guard: CallGuard) {
    this.inner = inner;
    this.guard = guard;
  }

  value(): T | undefined {
    if (!this.guard.active) this.guard.assertActive('A value state');
    return this.inner.value();
  }

  update(value: T): void {
    if (!this.guard.active) this.guard.assertActive('A value state');
    this.inner.update(value);
  }

  clear(): void {
    if (!this.guard.active) this.guard.assertActive('A value state');
    this.inner.clear();
  }
}

export class GuardedListState<T> implements ListState<T> {
  private readonly inner: ListState<T>;
  private readonly guard: CallGuard;

  constructor(inner: ListState<T>, guard: CallGuard) {
    this.inner = inner;
    this.guard = guard;
  }

  get(): readonly T[] {
    if (!this.guard.active) this.guard.assertActive('A list state');
    return this.inner.get();
  }

  add(element: T): void {
    if (!this.guard.active) this.guard.assertActive('A list state');
    this.inner.add(element);
  }

  update(elements: readonly T[]): void {
    if (!this.guard.active) this.guard.assertActive('A list state');
    this.inner.update(elements);
  }

  clear(): void {
    if (!this.guard.active) this.guard.assertActive('A list state');
    this.inner.clear();
  }
}

export class GuardedMapState<K extends string | number, V> implements MapState<K, V> {
  private readonly inner: MapState<K, V>;
  private readonly guard: CallGuard;

  constructor(inner: MapState<K, V>, guard: CallGuard) {
    this.inner = inner;
    this.guard = guard;
  }

  get(key: K): V | undefined {
    return this.checked().get(key);
  }

  put(key: K, value: V): void {
    this.checked().put(key, value);
  }

  remove(key: K): void {
    this.checked().remove(key);
  }

  has(key: K): boolean {
    return this.checked().has(key);
  }

  entries(): Iterable<readonly [K, V]> {
    return this.checked().entries();
  }

  keys(): Iterable<K> {
    return this.checked().keys();
  }

  values(): Iterable<V> {
    return this.checked().values();
  }

  isEmpty(): boolean {
    return this.checked().isEmpty();
  }

  clear(): void {
    this.checked().clear();
  }

  private checked(): MapState<K, V> {
    if (!this.guard.active) this.guard.assertActive('A map state');
    return this.inner;
  }
}
