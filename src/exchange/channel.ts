import type { StreamEvent } from '../protocol/stream-elements.js';
import type { EncodedRecord } from './encoded-record.js';
import type { RecordOrigin } from './record-origin.js';

/**
 * A channel carries the elements of one upstream subtask to one downstream subtask, in order, bounded by
 * credits. Invariant: an element written is read exactly once, in the order written, or the attempt has
 * ended. The same contract holds within a thread and between threads; everything above depends on it alone.
 */

/** What `ElementCursor.next` says it has moved to. Numbers, so that the per-record switch stays cheap. */
export const ElementKind = { exhausted: 0, record: 1, event: 2 } as const;
export type ElementKind = (typeof ElementKind)[keyof typeof ElementKind];

/**
 * One received buffer, read element by element, so that a task whose output ran out of credit can stop in
 * its middle and go on later. A barrier or end-of-input is always the last element of its buffer: a gate
 * blocks a channel by not polling it.
 */
export interface ElementCursor {
  /** Moves to the next element. After `exhausted` the fields below are meaningless. */
  next(): ElementKind;
  /** The record's value, when `next` returned `record`. Never changed by anyone after it was emitted. */
  readonly value: unknown;
  /** The record's event time in epoch ms, or NO_TIMESTAMP. */
  readonly timestamp: number;
  /** Where the record comes from, when `next` returned `record`; changes with the next one. */
  readonly origin: RecordOrigin;
  /** The event, when `next` returned `event`. */
  readonly event: StreamEvent;
  /** Gives the buffer's credit back to the sender. Called once, when `next` has returned `exhausted`. */
  release(): void;
}

export interface OutputChannel {
  /**
   * Adds a record to the open buffer and sends it when full. Never blocks: without credit it queues
   * (overdraft), and holds its task's `OutputAvailability` blocked until credit returns.
   * @throws when the overdraft limit is passed (a synchronous user function emitted without bound).
   */
  writeRecord(value: unknown, timestamp: number): void;
  /** The same of a record that its receiver decodes. Undefined where the receiver would not be another thread. */
  writeEncodedRecord?(record: EncodedRecord, timestamp: number): void;
  /** Adds an event; a barrier or end-of-input also flushes. */
  writeEvent(event: StreamEvent): void;
  /** Sends what is in the open buffer, if anything. */
  flush(): void;
  /** Bytes sent so far (0 for a channel within one thread), for `numBytesOut`. */
  readonly bytesOut: number;
  close(): void;
}

export interface InputChannel {
  /** The next received buffer, or undefined when none has arrived. Never waits. */
  poll(): ElementCursor | undefined;
  /** Whether `poll` would return a buffer. */
  readonly hasData: boolean;
  close(): void;
}

/** Called by a channel's input side when data arrived after it had none. */
export interface ChannelListener {
  onAvailable(): void;
}

/** Whether an event is the last element of its buffer, so that a gate need not stop in a buffer's middle. */
export function endsBuffer(event: StreamEvent): boolean {
  return event.kind === 'barrier' || event.kind === 'end-of-input';
}
