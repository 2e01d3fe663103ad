import { noOrigin, type RecordOrigin } from '../exchange/record-origin.js';
import type { AsyncRequest } from './async-request.js';

/** An element under way as a checkpoint keeps it: it is asked about again after a restore. */
export interface StoredElement {
  readonly value: unknown;
  readonly timestamp: number;
  /** Absent where there is none; and in checkpoints from before origins were kept. */
  readonly origin?: RecordOrigin;
}

export function storedElementOf(request: AsyncRequest<unknown, unknown>): StoredElement {
  const { value, elementTimestamp: timestamp, origin } = request;
  return origin.split === noOrigin.split ? { value, timestamp } : { value, timestamp, origin };
}
