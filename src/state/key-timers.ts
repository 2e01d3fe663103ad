import { withoutItem } from './chain.js';
import type { Timer } from './timer.js';
import type { TimerQueue } from './timer-queue.js';

/** One key's timers in memory, of all queues of its operator. Most keys have one or two at a time: those are a chain. */
export class KeyTimers {
  size = 0;
  private first: Timer | undefined = undefined;
  private many: Map<TimerQueue, Map<string, Timer>> | undefined = undefined;

  find(queue: TimerQueue, timestamp: number, namespace: string | undefined): Timer | undefined {
    if (this.many !== undefined) return this.many.get(queue)?.get(indexKey(timestamp, namespace));
    for (let timer = this.first; timer !== undefined; timer = timer.next) {
      if (timer.timestamp === timestamp && timer.queue === queue && timer.namespace === namespace)
        return timer;
    }
    return undefined;
  }

  /** There must be none like it. */
  add(timer: Timer): void {
    this.size += 1;
    if (this.many === undefined && this.size > chainedTimersMax) this.many = this.indexed();
    if (this.many !== undefined) index(this.many, timer);
    else {
      timer.next = this.first;
      this.first = timer;
    }
  }

  delete(timer: Timer): void {
    this.size -= 1;
    if (this.many !== undefined) {
      this.many.get(timer.queue)?.delete(indexKey(timer.timestamp, timer.namespace));
      if (this.size === 0) this.many = undefined;
    } else this.first = withoutItem(this.first, timer);
  }

  private indexed(): Map<TimerQueue, Map<string, Timer>> {
    const many = new Map<TimerQueue, Map<string, Timer>>();
    for (let timer = this.first; timer !== undefined; timer = timer.next) index(many, timer);
    this.first = undefined;
    return many;
  }
}

function index(many: Map<TimerQueue, Map<string, Timer>>, timer: Timer): void {
  let ofQueue = many.get(timer.queue);
  if (ofQueue === undefined) {
    ofQueue = new Map();
    many.set(timer.queue, ofQueue);
  }
  ofQueue.set(indexKey(timer.timestamp, timer.namespace), timer);
}

function indexKey(timestamp: number, namespace: string | undefined): string {
  return namespace === undefined ? `${timestamp}` : `${timestamp}/${namespace}`;
}

/** A chain so short is searched in a few nanoseconds; a key with a timer for each of its elements has far more. */
const chainedTimersMax = 8;
