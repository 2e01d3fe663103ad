import { type DirtyItem, notDirty } from './dirty-list.js';
import type { KeyContext } from './key-context.js';
import type { TimerQueue } from './timer-queue.js';

/**
 * One timer in memory. It is found through its key's context, which is at hand whenever a timer is set, so that
 * none needs a name of its own; the context stays in memory for as long as it has timers.
 */
export class Timer implements DirtyItem {
  readonly queue: TimerQueue;
  readonly timestamp: number;
  readonly namespace: string | undefined;
  readonly context: KeyContext;
  /** False for one that was deleted or fired and that the base may still hold. */
  registered = true;
  /** True when a segment or the base may hold its cell, so that removing it has to be packed. */
  stored = false;
  dirtyAt = notDirty;
  /** The newest checkpoint whose segment says how it is. */
  packedIn = 0;
  /** Its place among the timers of its timestamp. */
  place = 0;
  /** Of the same key. */
  next: Timer | undefined = undefined;

  constructor(queue: TimerQueue, timestamp: number, namespace: string | undefined, context: KeyContext) {
    this.queue = queue;
    this.timestamp = timestamp;
    this.namespace = namespace;
    this.context = context;
  }

  get isDirty(): boolean {
    return this.dirtyAt !== notDirty;
  }
}
