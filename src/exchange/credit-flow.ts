import { MillraceError } from '../protocol/failures.js';
import type { OutputAvailability } from './output-availability.js';
import type { RecordOrigin } from './record-origin.js';

/**
 * The sending half of a channel's flow control, the same within a thread and between threads. Invariants: no
 * more buffers are at the receiver than it gave credits for; buffers keep their order; the task is held back
 * exactly while a buffer waits. Without the first, a fast sender fills the memory of a slow receiver, since
 * neither a MessagePort nor an array pushes back.
 */
export class CreditFlow<Buffer> {
  private credits = initialCreditBuffers;
  private readonly waiting: Buffer[] = [];
  private readonly settings: ChannelSettings;
  private readonly deliver: (buffer: Buffer) => void;

  constructor(settings: ChannelSettings, deliver: (buffer: Buffer) => void) {
    this.settings = settings;
    this.deliver = deliver;
  }

  get hasCredit(): boolean {
    return this.credits > 0;
  }

  /**
   * Sends the buffer, or lets it wait for credit and holds the task back.
   * @throws MillraceError when too many wait: their emitter can't be suspended and does not end.
   */
  send(buffer: Buffer): void {
    if (this.credits > 0) {
      this.credits -= 1;
      this.deliver(buffer);
      return;
    }
    if (this.waiting.length === overdraftBuffersMax) throw this.overdrawn();
    this.waiting.push(buffer);
    if (this.waiting.length === 1) this.settings.availability.block();
  }

  addCredits(buffers: number): void {
    this.credits += buffers;
    if (this.waiting.length === 0) return;
    const sendable = Math.min(this.credits, this.waiting.length);
    this.credits -= sendable;
    for (const buffer of this.waiting.splice(0, sendable)) this.deliver(buffer);
    if (this.waiting.length === 0) this.settings.availability.unblock();
  }

  private overdrawn(): MillraceError {
    return new MillraceError(
      `Too many records were emitted in one call: ${overdraftBuffersMax} buffers wait on the channel ${this.settings.name}, whose receiver is slower. A function that emits through its collector can't be suspended; return an iterable (a generator) from flatMap instead, which is read only as fast as its results can go out.`,
      { domain: 'user-code', action: 'restart' },
    );
  }
}

/** What a channel's sending end is told. */
export interface ChannelSettings {
  /** For errors: which subtask sends to which. */
  readonly name: string;
  /** Of the task that writes to the channel. */
  readonly availability: OutputAvailability;
  /** Of what that task emits, at the time when it does. */
  readonly origin: RecordOrigin;
}

/**
 * Buffers a sender may have at its receiver. Sixteen of 32 KB hold about 700 events of 1 KB, 5 to 10 ms of a
 * thread's work: as long as the two threads' turns (2 ms each) and the system's own time slices may keep them
 * apart. With four, both often wait for each other: measured on two cores, 13 % fewer records a second.
 */
export const initialCreditBuffers = 16;

/**
 * Buffers that may wait for credit, for functions that emit many records in one call. 128 of 32 KB are 4 MB
 * a channel: enough for thousands of records an element, and little enough to hold with hundreds of channels.
 */
export const overdraftBuffersMax = 128;
