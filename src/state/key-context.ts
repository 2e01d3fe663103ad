import type { Key } from '../key-groups/key.js';
import { notSwept } from './eviction-sweep.js';
import type { KeyTimers } from './key-timers.js';

/**
 * All that is in memory of one key: what each state has of it, by the state's slot. It is the unit of
 * eviction, and it knows for all its slots how far their changes are on the way to the base:
 *
 *   dirty   changed since the last snapshot
 *   staged  in a segment that is not yet merged
 *   merged  in the base as it is here; only then may it leave memory
 *
 * With a hundred thousand keys every pointer followed is a cache miss, and those are most of what an access
 * costs. So the first slots are fields, and a value stands in its slot itself, without an entry around it.
 */
export class KeyContext {
  readonly key: Key;
  private slot0: unknown = undefined;
  private slot1: unknown = undefined;
  private slot2: unknown = undefined;
  private slot3: unknown = undefined;
  /** A bit for each of the fields. */
  private dirtyBits = 0;
  /** Used since the sweep for eviction last came by. */
  referenced = true;
  private more: MoreSlots | undefined = undefined;
  readonly keyGroup: number;
  /** The newest checkpoint whose segment holds something of this key; 0 when none does. */
  packedIn = 0;
  /** Estimated size in memory of what is not counted by slot; 0 while it is there for its timers alone. */
  bytes = 0;
  /** Its place in the sweep for eviction, or `notSwept`. */
  sweepPlace = notSwept;
  /** They stay when the states' entries leave memory: a queue bounds its timers by itself. */
  timers: KeyTimers | undefined = undefined;

  constructor(key: Key, keyGroup: number) {
    this.key = key;
    this.keyGroup = keyGroup;
  }

  /** What a state put there; undefined when it did not yet. */
  get(slot: number): unknown {
    switch (slot) {
      case 0:
        return this.slot0;
      case 1:
        return this.slot1;
      case 2:
        return this.slot2;
      case 3:
        return this.slot3;
      default:
        return this.more?.values[slot];
    }
  }

  set(slot: number, value: unknown): void {
    switch (slot) {
      case 0:
        this.slot0 = value;
        return;
      case 1:
        this.slot1 = value;
        return;
      case 2:
        this.slot2 = value;
        return;
      case 3:
        this.slot3 = value;
        return;
      default:
        this.more ??= { values: [], dirty: new Set() };
        this.more.values[slot] = value;
    }
  }

  /** True when the slot was not dirty before. */
  markDirty(slot: number): boolean {
    if (slot >= fieldSlots) return this.markMoreDirty(slot);
    const bit = 1 << slot;
    if ((this.dirtyBits & bit) !== 0) return false;
    this.dirtyBits |= bit;
    return true;
  }

  /** The slot's changes are in the segment of this checkpoint. */
  markPacked(slot: number, checkpointId: number): void {
    this.markClean(slot);
    this.packedIn = checkpointId;
  }

  /** Nothing is left of the slot's changes. */
  markClean(slot: number): void {
    if (slot < fieldSlots) this.dirtyBits &= ~(1 << slot);
    else this.more?.dirty.delete(slot);
  }

  get hasTimers(): boolean {
    return this.timers !== undefined && this.timers.size > 0;
  }

  /** Lets go of what the states have of the key: it is to be read anew. */
  evict(): void {
    this.bytes = 0;
    this.slot0 = undefined;
    this.slot1 = undefined;
    this.slot2 = undefined;
    this.slot3 = undefined;
    this.more = undefined;
  }

  isMerged(mergedThrough: number): boolean {
    const isDirty = this.dirtyBits !== 0 || (this.more !== undefined && this.more.dirty.size > 0);
    return !isDirty && this.packedIn <= mergedThrough;
  }

  private markMoreDirty(slot: number): boolean {
    this.more ??= { values: [], dirty: new Set() };
    if (this.more.dirty.has(slot)) return false;
    this.more.dirty.add(slot);
    return true;
  }
}

/** Of the states beyond the fourth. */
interface MoreSlots {
  readonly values: unknown[];
  readonly dirty: Set<number>;
}

const fieldSlots = 4;

/** The context, its place in the map, and a key of usual length, as V8 lays them out. */
export const keyContextBytes = 220;
