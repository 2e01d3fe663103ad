import type { Key } from '../../src/key-groups/key.js';
import { encodeKey } from '../../src/key-groups/key-encoding.js';
import { keyGroupForEncodedKey } from '../../src/key-groups/key-group-assignment.js';
import { inlineKeyBytesMax } from '../../src/state/key-layout.js';
import { compareMapKeys } from '../../src/state/map-entry.js';

/** Keyed state as plain collections: what every backend must agree with. */
export class StateModel {
  private readonly keys: Map<string, KeyModel>;
  private timers: ModelTimer[];

  constructor(from?: StateModel) {
    this.keys = new Map([...(from?.keys ?? [])].map(([id, key]) => [id, copyOf(key)]));
    this.timers = [...(from?.timers ?? [])];
  }

  of(key: Key): KeyModel {
    const id = Buffer.from(encodeKey(key)).toString('latin1');
    let model = this.keys.get(id);
    if (model === undefined) {
      model = { key, value: undefined, list: [], bounded: [], map: new Map() };
      this.keys.set(id, model);
    }
    return model;
  }

  /** The keys that have something in a state, by key group and then as their cells lie. */
  keysOf(state: StateOfModel, maxParallelism: number): readonly Key[] {
    const keys = [...this.keys].filter(([, model]) => hasAny(model, state)).map(([, { key }]) => key);
    const place = (key: Key): readonly number[] => {
      const encoded = encodeKey(key);
      const group = keyGroupForEncodedKey(encoded, maxParallelism);
      return encoded.length > inlineKeyBytesMax
        ? [group, addressBytes, 0xff]
        : [group, encoded.length, ...encoded];
    };
    return keys.sort((a, b) => compareNumbers(place(a), place(b)));
  }

  register(timer: ModelTimer): void {
    if (this.timers.some((other) => isSame(timer, other))) return;
    this.timers.push(timer);
    this.timers.sort((a, b) => a.timestamp - b.timestamp);
  }

  /** False when there is none. */
  delete(timer: ModelTimer): boolean {
    const before = this.timers.length;
    this.timers = this.timers.filter((other) => !isSame(timer, other));
    return this.timers.length < before;
  }

  /** Of the timers with a namespace, or of those without. */
  nextTimestamp(isNamespaced: boolean): number {
    const next = this.timers.find(({ namespace }) => (namespace !== undefined) === isNamespaced);
    return next?.timestamp ?? Number.POSITIVE_INFINITY;
  }

  /** How many cells a base holds of it: what was removed has none, and a list has one more for its bounds. */
  cells(): number {
    let cells = this.timers.length;
    for (const { value, list, bounded, map } of this.keys.values()) {
      cells += (value === undefined ? 0 : 1) + map.size;
      for (const { length } of [list, bounded]) if (length > 0) cells += 1 + length;
    }
    return cells;
  }
}

export interface KeyModel {
  readonly key: Key;
  value: unknown;
  list: unknown[];
  bounded: unknown[];
  map: Map<string | number, unknown>;
}

export type StateOfModel = Exclude<keyof KeyModel, 'key'>;

export interface ModelTimer {
  readonly key: Key;
  readonly timestamp: number;
  /** Of a timer in a queue without namespaces undefined. */
  readonly namespace: string | undefined;
}

function hasAny(model: KeyModel, state: StateOfModel): boolean {
  const kept = model[state];
  if (state === 'value') return kept !== undefined;
  return kept instanceof Map ? kept.size > 0 : (kept as unknown[]).length > 0;
}

/** Of a tag and a hash. */
const addressBytes = 21;

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at === -1 ? 0 : a[at]! - (b[at] ?? -1);
}

export function sortedEntries(map: Map<string | number, unknown>): [string | number, unknown][] {
  return [...map].sort(([a], [b]) => compareMapKeys(a, b));
}

function isSame(a: ModelTimer, b: ModelTimer): boolean {
  return (
    a.timestamp === b.timestamp &&
    a.namespace === b.namespace &&
    Buffer.compare(encodeKey(a.key), encodeKey(b.key)) === 0
  );
}

function copyOf(key: KeyModel): KeyModel {
  return {
    key: key.key,
    value: key.value,
    list: [...key.list],
    bounded: [...key.bounded],
    map: new Map(key.map),
  };
}
