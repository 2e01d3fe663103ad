import type { Key } from '../key-groups/key.js';

/**
 * All that is in memory of one key: an entry for each state that was used with it. It is the unit of
 * eviction, and it counts for its entries how far their changes are on the way to the base:
 *
 *   dirty   changed since the last snapshot
 *   staged  in a segment that is not yet merged
 *   merged  in the base as it is here; only then may it leave memory
 */
export class KeyContext {
  readonly key: Key;
  readonly keyGroup: number;
  /** By the state's slot; each state knows the class of its own entries. */
  readonly slots: (object | undefined)[] = [];
  /** Entries that are dirty. */
  dirtyEntries = 0;
  /** The newest checkpoint whose segment holds an entry of this key; 0 when none does. */
  packedIn = 0;
  /** Used since the sweep for eviction last came by. */
  referenced = true;
  /** Estimated size in memory. */
  bytes = keyContextBytes;

  constructor(key: Key, keyGroup: number, slotCount: number) {
    this.key = key;
    this.keyGroup = keyGroup;
    // Pushed one by one, so that the array has no holes and its reads stay fast.
    for (let slot = 0; slot < slotCount; slot++) this.slots.push(undefined);
  }

  isMerged(mergedThrough: number): boolean {
    return this.dirtyEntries === 0 && this.packedIn <= mergedThrough;
  }
}

/** The context, its slots, its place in the map, and a key of usual length, as V8 lays them out. */
export const keyContextBytes = 260;
