import type { QueuedEvent } from './stream-element-queue.js';

/**
 * Events that wait for the elements before them, while elements behind them do not wait for the events: a
 * watermark that is told later is as true as before, and nothing becomes late by it. Invariant: an event is
 * given out when every element that came before it is done, and after every earlier event.
 */
export class DelayedEvents {
  /** Never empty. All but the last are ended by an event. */
  private readonly groups: ElementsBetweenEvents[] = [{ pending: 0, endedBy: undefined }];

  /** Nothing waits, and nothing is to be waited for. */
  get isEmpty(): boolean {
    return this.groups.length === 1 && this.last.pending === 0;
  }

  /** An element has come; its group's `pending` is to be counted down when it is done. */
  join(): ElementsBetweenEvents {
    this.last.pending += 1;
    return this.last;
  }

  /** Two watermarks in a row are one, so that events stay as bounded as elements are. */
  add(event: QueuedEvent): void {
    const before = this.groups.at(-2);
    const isRepeated = before?.endedBy?.kind === 'watermark' && event.kind === 'watermark';
    if (before !== undefined && isRepeated && this.last.pending === 0) {
      before.endedBy = event;
      return;
    }
    this.last.endedBy = event;
    this.groups.push({ pending: 0, endedBy: undefined });
  }

  get hasReady(): boolean {
    const [first] = this.groups;
    return first?.pending === 0 && first.endedBy !== undefined;
  }

  poll(): QueuedEvent | undefined {
    return this.hasReady ? this.groups.shift()?.endedBy : undefined;
  }

  private get last(): ElementsBetweenEvents {
    return this.groups.at(-1)!;
  }
}

export interface ElementsBetweenEvents {
  /** Elements that are not done. */
  pending: number;
  endedBy: QueuedEvent | undefined;
}
