import type { Key } from '../key-groups/key.js';

/** One timer in memory. */
export class Timer {
  readonly timestamp: number;
  readonly keyGroup: number;
  /** The timestamp's and the owner's bytes as they stand in its cell: its identity, and its order among equals. */
  readonly id: string;
  /** The key, or the key and a namespace (see TimerOwnerFormat); decoded from the id when it is needed first. */
  owner: Key | undefined;
  /** False for one that was deleted or fired and that the base may still hold. */
  registered = true;
  dirty = false;
  /** True when a segment or the base may hold its cell, so that removing it has to be packed. */
  stored = false;
  /** The newest checkpoint whose segment says how it is. */
  packedIn = 0;
  heapIndex = -1;

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

/** A binary heap, earliest timer first, that can remove from its middle. */
export class TimerHeap {
  private timers: Timer[] = [];

  get size(): number {
    return this.timers.length;
  }

  peek(): Timer | undefined {
    return this.timers[0];
  }

  push(timer: Timer): void {
    this.timers.push(timer);
    this.siftUp(timer, this.timers.length - 1);
  }

  remove(timer: Timer): void {
    const index = timer.heapIndex;
    timer.heapIndex = -1;
    const last = this.timers.pop()!;
    if (last === timer) return;
    this.siftDown(last, index);
    this.siftUp(last, last.heapIndex);
  }

  /** Takes these instead of all it had. */
  replaceAll(timers: Timer[]): void {
    for (const timer of this.timers) timer.heapIndex = -1;
    // A sorted array is a heap.
    this.timers = timers.sort(compareTimers);
    for (let index = 0; index < timers.length; index++) timers[index]!.heapIndex = index;
  }

  private siftUp(timer: Timer, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.timers[parentIndex]!;
      if (compareTimers(parent, timer) <= 0) break;
      this.place(parent, index);
      index = parentIndex;
    }
    this.place(timer, index);
  }

  private siftDown(timer: Timer, from: number): void {
    const size = this.timers.length;
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= size) break;
      const right = childIndex + 1;
      if (right < size && compareTimers(this.timers[right]!, this.timers[childIndex]!) < 0)
        childIndex = right;
      const child = this.timers[childIndex]!;
      if (compareTimers(timer, child) <= 0) break;
      this.place(child, index);
      index = childIndex;
    }
    this.place(timer, index);
  }

  private place(timer: Timer, index: number): void {
    this.timers[index] = timer;
    timer.heapIndex = index;
  }
}
