import type { CancelTimer, Clock } from '../host/clock.js';

/**
 * A deadline for each of many items, all as far ahead as the others when they are added. So the first that
 * was added is the first to be due, and one timer of the host's does for all.
 */
export class Deadlines<Item> {
  private readonly clock: Clock;
  private readonly durationMs: number;
  private readonly onDue: (item: Item) => void;
  /** Of the monotonic clock, in ascending order. */
  private readonly byItem = new Map<Item, number>();
  private cancelTimer: CancelTimer | undefined;

  /** `onDue` is called once for an item, which is forgotten by then. */
  constructor(clock: Clock, durationMs: number, onDue: (item: Item) => void) {
    this.clock = clock;
    this.durationMs = durationMs;
    this.onDue = onDue;
  }

  get size(): number {
    return this.byItem.size;
  }

  get items(): Iterable<Item> {
    return this.byItem.keys();
  }

  add(item: Item): void {
    this.byItem.set(item, this.clock.monotonicMs() + this.durationMs);
    if (this.cancelTimer === undefined) this.setTimer(this.durationMs);
  }

  delete(item: Item): void {
    this.byItem.delete(item);
  }

  /** Undefined for one that was not added, was deleted or is over. */
  of(item: Item): number | undefined {
    return this.byItem.get(item);
  }

  close(): void {
    this.cancelTimer?.();
    this.byItem.clear();
  }

  private setTimer(delayMs: number): void {
    this.cancelTimer = this.clock.setTimer(delayMs, () => {
      this.cancelTimer = undefined;
      this.tellDue();
    });
  }

  private tellDue(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [item, deadlineMs] of this.byItem) {
      if (deadlineMs > nowMs) {
        // Items may have been added while others were told of.
        if (this.cancelTimer === undefined) this.setTimer(deadlineMs - nowMs);
        return;
      }
      this.byItem.delete(item);
      this.onDue(item);
    }
  }
}
