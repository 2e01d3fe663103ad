import type { Key } from '../key-groups/key.js';
import type { KeyGroupRange } from '../protocol/ids.js';
import type { CachedState, StateScope } from './cached-state.js';
import {
  appendEndOfRange,
  appendKeyRange,
  appendStateRange,
  keyOfCell,
  keyRangeOfCell,
} from './key-layout.js';
import type { StateName } from './keyed-state-backend.js';

/** A state whose keys can be gone through: any but timers. */
export interface StateOfKeys extends CachedState {
  /** Its place in each key's context. */
  readonly slot: number;
  /** Whether the current key has nothing in it. */
  isEmpty(): boolean;
}

/**
 * The keys that have something in a state, each the current one when it is given: by key group, and within it
 * in the order of their cells. Invariant: a key that has the state from beginning to end is given once,
 * wherever it lies and goes meanwhile, so neither the keys nor their order depend on what is in memory. For
 * that, the keys in memory are noted at the beginning, and what is stored is read page by page: a key can only
 * leave memory for the base. The state of the current key may be changed, and no other key's, until the next
 * one is asked for. Undefined is given for a key that was looked at and does not have the state: reading it may
 * have cost as much, and whoever may have the thread for a while only has to count it.
 */
export function* keysOfState(
  scope: StateScope,
  name: StateName,
  state: StateOfKeys,
  range: KeyGroupRange,
): Generator<Key | undefined, undefined> {
  const inMemory = scope.cache.keysByGroup(state.slot);
  for (let group: number = range.start; group <= range.end; group += 1) {
    const noted = placesOf(scope, name, group, inMemory.get(group) ?? []);
    for (const key of inOrder(noted, storedPlaces(scope, name, group))) {
      scope.cache.setCurrentKey(key);
      // A stored key may have lost the state since, in memory; and one in memory may never have had it.
      yield state.isEmpty() ? undefined : key;
    }
    inMemory.delete(group);
  }
  return undefined;
}

interface PlacedKey {
  /** What the key's cells begin with. */
  readonly place: Buffer;
  readonly key: Key;
}

/** In their order; of one key group, so that no more of them are encoded at a time. */
function placesOf(scope: StateScope, name: StateName, group: number, keys: readonly Key[]): PlacedKey[] {
  const { scratch, encoder } = scope;
  const placed = keys.map((key) => {
    scratch.reset();
    appendKeyRange(scratch, group, name.id, encoder, key);
    return { place: scratch.copy(), key };
  });
  return placed.sort((a, b) => Buffer.compare(a.place, b.place));
}

/** Reads a cell or a page of each key, and skips the others. */
function* storedPlaces(
  { stored, scratch, limits }: StateScope,
  name: StateName,
  group: number,
): Generator<PlacedKey> {
  const endOf = (prefix: Buffer): Buffer => {
    scratch.reset();
    appendEndOfRange(scratch, prefix);
    return scratch.copy();
  };
  scratch.reset();
  appendStateRange(scratch, group, name.id);
  const start = scratch.copy();
  const end = endOf(start);
  let last: Buffer | undefined;
  for (let from: Buffer | undefined = start; from !== undefined; ) {
    const page = stored.scan(from, end, limits.scanPageCells);
    for (const cell of page.cells) {
      const place = keyRangeOfCell(cell.key);
      if (last?.equals(place)) continue;
      last = place;
      // A list whose bounds have expired is over, whatever is left of its elements.
      if (name.kind === 'list' && cell.key.length > place.length) continue;
      yield { place, key: keyOfCell(cell) };
    }
    from = page.next;
    if (from === undefined || last === undefined) continue;
    const behindLast = endOf(last);
    if (Buffer.compare(from, behindLast) < 0) from = behindLast;
  }
}

/** Both are in order; a key that both have comes once. */
function* inOrder(noted: readonly PlacedKey[], stored: Iterable<PlacedKey>): Generator<Key> {
  let at = 0;
  for (const { place, key } of stored) {
    for (; at < noted.length; at += 1) {
      const order = Buffer.compare(noted[at]!.place, place);
      if (order > 0) break;
      if (order < 0) yield noted[at]!.key;
    }
    yield key;
  }
  for (; at < noted.length; at += 1) yield noted[at]!.key;
}
