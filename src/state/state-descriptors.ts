import type { StateTtlConfig } from './ttl/state-ttl-config.js';

/**
 * What a user's function keeps per key. Values are plain (JSON's types, bigint, Date, Map, Set, bytes) and
 * immutable: what is read from or put into state is never changed afterwards, only replaced.
 */

export interface ValueStateDescriptor<T> {
  /** Unique within its operator; how the state is found again after a restart. */
  readonly name: string;
  /** What `value()` gives for a key that has none. */
  readonly defaultValue?: T;
  /** How long the value is kept; without it, until it is cleared. A state can't gain or lose it later. */
  readonly ttl?: StateTtlConfig;
}

export interface ListStateDescriptor<T> {
  readonly name: string;
  /** The list keeps at most so many elements: adding to a full one drops its oldest. */
  readonly maxLength?: number;
  /** How long each element is kept. */
  readonly ttl?: StateTtlConfig;
  readonly elementType?: T;
}

export interface MapStateDescriptor<K extends string | number, V> {
  readonly name: string;
  /** How long each entry is kept. */
  readonly ttl?: StateTtlConfig;
  readonly keyType?: K;
  readonly valueType?: V;
}

export interface ValueState<T> {
  /** The current key's value, or the descriptor's default, or undefined. */
  value(): T | undefined;
  update(value: T): void;
  clear(): void;
}

export interface ListState<T> {
  /** The elements, oldest first. A snapshot: later changes don't show in it. */
  get(): readonly T[];
  add(element: T): void;
  /** Replaces the whole list. */
  update(elements: readonly T[]): void;
  clear(): void;
}

export interface MapState<K extends string | number, V> {
  get(key: K): V | undefined;
  put(key: K, value: V): void;
  remove(key: K): void;
  has(key: K): boolean;
  /** In ascending key order, numbers before strings. */
  entries(): Iterable<readonly [K, V]>;
  keys(): Iterable<K>;
  values(): Iterable<V>;
  isEmpty(): boolean;
  clear(): void;
}
