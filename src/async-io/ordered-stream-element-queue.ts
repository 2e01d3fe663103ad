import {
  type AnyRequest,
  isEvent,
  type QueuedEvent,
  type StreamElementQueue,
} from './stream-element-queue.js';

/** Everything leaves as it came: a result waits for those before it (Flink's OrderedStreamElementQueue). */
export class OrderedStreamElementQueue<Request extends AnyRequest> implements StreamElementQueue<Request> {
  size = 0;
  private readonly elements: (Request | QueuedEvent)[] = [];

  add(request: Request): void {
    this.elements.push(request);
    this.size += 1;
  }

  addEvent(event: QueuedEvent): void {
    const last = this.elements.at(-1);
    const isRepeated =
      last !== undefined && isEvent(last) && last.kind === 'watermark' && event.kind === 'watermark';
    if (isRepeated) this.elements.pop();
    this.elements.push(event);
  }

  complete(_request: Request): void {}

  get hasReady(): boolean {
    const [first] = this.elements;
    return first !== undefined && (isEvent(first) || first.isDone);
  }

  poll(): Request | QueuedEvent | undefined {
    const [first] = this.elements;
    if (first === undefined) return undefined;
    if (!isEvent(first)) {
      if (!first.isDone) return undefined;
      this.size -= 1;
    }
    return this.elements.shift();
  }

  contents(): Iterable<Request | QueuedEvent> {
    return this.elements;
  }
}
