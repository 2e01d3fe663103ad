import type { AnyRequest, QueuedEvent, StreamElementQueue } from './stream-element-queue.js';

/**
 * Results leave as they are done, but no further than to the next event: between two watermarks there is no
 * order, across one there is (Flink's UnorderedStreamElementQueue).
 */
export class UnorderedStreamElementQueue<Request extends AnyRequest> implements StreamElementQueue<Request> {
  size = 0;
  /** Never empty. The first is the one that may leave. */
  private readonly segments: Segment<Request>[] = [emptySegment()];
  /** The epoch of the requests in the first segment. */
  private firstEpoch = 0;

  add(request: Request): void {
    request.epoch = this.firstEpoch + this.segments.length - 1;
    this.last.pending.add(request);
    this.size += 1;
  }

  addEvent(event: QueuedEvent): void {
    const before = this.segments.at(-2);
    const isRepeated = before?.endedBy?.kind === 'watermark' && event.kind === 'watermark';
    if (before !== undefined && isRepeated && isEmpty(this.last)) {
      before.endedBy = event;
      return;
    }
    this.last.endedBy = event;
    this.segments.push(emptySegment());
  }

  complete(request: Request): void {
    const segment = this.segments[request.epoch - this.firstEpoch];
    if (segment?.pending.delete(request) === true) segment.done.push(request);
  }

  get hasReady(): boolean {
    const { done, pending, endedBy } = this.first;
    return done.length > 0 || (pending.size === 0 && endedBy !== undefined);
  }

  poll(): Request | QueuedEvent | undefined {
    const { first } = this;
    const done = first.done.shift();
    if (done !== undefined) {
      this.size -= 1;
      return done;
    }
    if (first.pending.size > 0 || first.endedBy === undefined) return undefined;
    this.segments.shift();
    this.firstEpoch += 1;
    return first.endedBy;
  }

  *contents(): Iterable<Request | QueuedEvent> {
    for (const { done, pending, endedBy } of this.segments) {
      yield* done;
      yield* pending;
      if (endedBy !== undefined) yield endedBy;
    }
  }

  private get first(): Segment<Request> {
    return this.segments[0]!;
  }

  private get last(): Segment<Request> {
    return this.segments.at(-1)!;
  }
}

/** The requests between two events. */
interface Segment<Request> {
  readonly pending: Set<Request>;
  readonly done: Request[];
  /** Leaves when the segment is empty; undefined for the last. */
  endedBy: QueuedEvent | undefined;
}

function emptySegment<Request>(): Segment<Request> {
  return { pending: new Set(), done: [], endedBy: undefined };
}

function isEmpty({ pending, done }: Segment<unknown>): boolean {
  return pending.size === 0 && done.length === 0;
}
