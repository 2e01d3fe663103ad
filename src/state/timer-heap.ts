import type { Key } from '../key-groups/key.js';
import type { KeyContext } from './key-context.js';

/** One timer in memory. */
export class Timer {
  readonly timestamp: number;
  readonly keyGroup: number;
  /** The timestamp's and the owner's bytes as they stand in its cell: its identity, and its order among equals. */
  readonly id: string;
  /** The key, or the key and a namespace (see TimerOwnerFormat); decoded from the id when it is needed first. */
  owner: Key | undefined;
  /** The key's, where it was at hand when the timer was registered: firing then needs no look-up. */
  context: KeyContext | undefined = undefined;
  /** False for one that was deleted or fired and that the base may still hold. */
  registered = true;
  dirty = false;
  /** True when a segment or the base may hold its cell, so that removing it has to be packed. */
  stored = false;
  /** The newest checkpoint whose segment says how it is. */
  packedIn = 0;
  /** Where it stands among the timers of its timestamp, as long as those are not in order. */
  place = -1;

  constructor(timestamp: number, keyGroup: number, id: string, owner: Key | undefined) {
    this.timestamp = timestamp;
    this.keyGroup = keyGroup;
    this.id = id;
    this.owner = owner;
  }
}

/** A total order that depends on nothing but the timers: a replay fires them as the first run did. */
export function compareTimers(a: Timer, b: Timer): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Timers of one timestamp. */
class Bucket {
  readonly timestamp: number;
  timers: Timer[] = [];
  /** Latest first, so that the earliest is taken from the end. Until they are due, they need no order. */
  isSorted = false;
  heapIndex = -1;

  constructor(timestamp: number) {
    this.timestamp = timestamp;
  }

  add(timer: Timer): void {
    if (this.isSorted) this.timers.splice(this.sortedPlaceOf(timer), 0, timer);
    else timer.place = this.timers.push(timer) - 1;
  }

  delete(timer: Timer): void {
    if (this.isSorted) {
      const last = this.timers.length - 1;
      if (this.timers[last] === timer) this.timers.pop();
      else this.timers.splice(this.sortedPlaceOf(timer), 1);
      return;
    }
    const last = this.timers.pop()!;
    if (last === timer) return;
    this.timers[timer.place] = last;
    last.place = timer.place;
  }

  earliest(): Timer {
    if (!this.isSorted) this.sort();
    return this.timers[this.timers.length - 1]!;
  }

  private sort(): void {
    if (this.timers.length > 1) this.timers.sort(latestFirst);
    this.isSorted = true;
  }

  private sortedPlaceOf(timer: Timer): number {
    let low = 0;
    let high = this.timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timers[middle]!.id > timer.id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function latestFirst(a: Timer, b: Timer): number {
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

/**
 * Registered timers, earliest first: a binary heap of timestamps, each with its timers. Those of a window's end
 * are many at one timestamp, and ordering them once when they are due costs less than keeping them in order.
 */
export class TimerHeap {
  size = 0;
  private buckets: Bucket[] = [];
  private byTimestamp = new Map<number, Bucket>();

  /** +Infinity when it is empty. */
  get earliestTimestamp(): number {
    return this.buckets[0]?.timestamp ?? Number.POSITIVE_INFINITY;
  }

  /** For when it is due: puts its timestamp's timers into order, after which adding to them costs more. */
  peek(): Timer | undefined {
    return this.buckets[0]?.earliest();
  }

  push(timer: Timer): void {
    this.size += 1;
    let bucket = this.byTimestamp.get(timer.timestamp);
    if (bucket === undefined) {
      bucket = new Bucket(timer.timestamp);
      this.byTimestamp.set(timer.timestamp, bucket);
      this.buckets.push(bucket);
      this.siftUp(bucket, this.buckets.length - 1);
    }
    bucket.add(timer);
  }

  /** The timer must be in it. */
  remove(timer: Timer): void {
    this.size -= 1;
    const bucket = this.byTimestamp.get(timer.timestamp)!;
    bucket.delete(timer);
    if (bucket.timers.length > 0) return;
    this.byTimestamp.delete(timer.timestamp);
    const last = this.buckets.pop()!;
    if (last === bucket) return;
    this.siftDown(last, bucket.heapIndex);
    this.siftUp(last, last.heapIndex);
  }

  /** Takes these instead of all it had. */
  replaceAll(timers: readonly Timer[]): void {
    this.size = 0;
    this.buckets = [];
    this.byTimestamp = new Map();
    for (const timer of timers) this.push(timer);
  }

  private siftUp(bucket: Bucket, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.buckets[parentIndex]!;
      if (parent.timestamp <= bucket.timestamp) break;
      this.place(parent, index);
      index = parentIndex;
    }
    this.place(bucket, index);
  }

  private siftDown(bucket: Bucket, from: number): void {
    const size = this.buckets.length;
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= size) break;
      const right = childIndex + 1;
      if (right < size && this.buckets[right]!.timestamp < this.buckets[childIndex]!.timestamp)
        childIndex = right;
      const child = this.buckets[childIndex]!;
      if (bucket.timestamp <= child.timestamp) break;
      this.place(child, index);
      index = childIndex;
    }
    this.place(bucket, index);
  }

  private place(bucket: Bucket, index: number): void {
    this.buckets[index] = bucket;
    bucket.heapIndex = index;
  }
}
