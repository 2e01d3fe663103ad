import type { StreamEvent } from '../protocol/stream-elements.js';
import type { AsyncRequest } from './async-request.js';

/**
 * Requests and the events between them, in the order in which they may leave (Flink's StreamElementQueue).
 * Invariant: an event leaves behind every request that came before it and ahead of every one that came
 * after; otherwise a result would be late that was not.
 */
export interface StreamElementQueue<Request extends AnyRequest> {
  /** Requests that have not left. */
  readonly size: number;
  add(request: Request): void;
  /** Two watermarks in a row are one, so that events stay as bounded as requests are. */
  addEvent(event: QueuedEvent): void;
  /** A request in the queue is done. */
  complete(request: Request): void;
  /** Whether `poll` has something to give. */
  readonly hasReady: boolean;
  /** Takes the next element that may leave. */
  poll(): Request | QueuedEvent | undefined;
  /** Everything that has not left, in an order in which it could have come. */
  contents(): Iterable<Request | QueuedEvent>;
}

/** Events that order the results around them. */
export type QueuedEvent = Extract<StreamEvent, { kind: 'watermark' | 'watermark-status' }>;

export type AnyRequest = Pick<AsyncRequest<unknown, unknown>, 'isDone' | 'epoch'>;

export function isEvent(element: AnyRequest | QueuedEvent): element is QueuedEvent {
  return 'kind' in element;
}
