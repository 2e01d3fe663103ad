import type { Timer } from './timer.js';

/**
 * Registered timers, earliest first: a binary heap of timestamps, each with its timers. Those of a window's end
 * are many at one timestamp, and ordering them would cost more than all else; nothing promises them an order.
 */
export class TimerHeap {
  size = 0;
  private buckets: Bucket[] = [];
  private byTimestamp = new Map<number, Bucket>();
  /** Most timers are added to the bucket of the one before. */
  private lastAddedTo: Bucket | undefined = undefined;

  /** +Infinity when it is empty. */
  get earliestTimestamp(): number {
    return this.buckets[0]?.timestamp ?? Number.POSITIVE_INFINITY;
  }

  /** One of the earliest. */
  peek(): Timer | undefined {
    return this.buckets[0]?.timers[0];
  }

  add(timer: Timer): void {
    this.size += 1;
    this.bucketOf(timer.timestamp).add(timer);
  }

  /** The timer must be in it. */
  remove(timer: Timer): void {
    this.size -= 1;
    const bucket = this.byTimestamp.get(timer.timestamp)!;
    bucket.remove(timer);
    if (bucket.timers.length === 0) this.removeBucket(bucket);
  }

  *timers(): Generator<Timer> {
    for (const bucket of this.buckets) yield* bucket.timers;
  }

  /** Takes these instead of all it had. */
  replaceAll(timers: readonly Timer[]): void {
    this.size = 0;
    this.buckets = [];
    this.byTimestamp = new Map();
    this.lastAddedTo = undefined;
    for (const timer of timers) this.add(timer);
  }

  private bucketOf(timestamp: number): Bucket {
    if (this.lastAddedTo?.timestamp === timestamp) return this.lastAddedTo;
    let bucket = this.byTimestamp.get(timestamp);
    if (bucket === undefined) {
      bucket = new Bucket(timestamp);
      this.byTimestamp.set(timestamp, bucket);
      this.buckets.push(bucket);
      this.siftUp(bucket, this.buckets.length - 1);
    }
    this.lastAddedTo = bucket;
    return bucket;
  }

  private removeBucket(bucket: Bucket): void {
    if (this.lastAddedTo === bucket) this.lastAddedTo = undefined;
    this.byTimestamp.delete(bucket.timestamp);
    const last = this.buckets.pop()!;
    if (last === bucket) return;
    this.siftDown(last, bucket.heapIndex);
    this.siftUp(last, last.heapIndex);
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

/** Timers of one timestamp. */
class Bucket {
  readonly timestamp: number;
  readonly timers: Timer[] = [];
  heapIndex = -1;

  constructor(timestamp: number) {
    this.timestamp = timestamp;
  }

  add(timer: Timer): void {
    timer.place = this.timers.push(timer) - 1;
  }

  remove(timer: Timer): void {
    const last = this.timers.pop()!;
    if (last === timer) return;
    this.timers[timer.place] = last;
    last.place = timer.place;
  }
}
