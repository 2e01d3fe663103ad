import type { OutputChannel } from '../../src/exchange/channel.js';
import type { OutputAvailability } from '../../src/exchange/output-availability.js';
import { noOrigin, type RecordOrigin } from '../../src/exchange/record-origin.js';
import { createRecordRouter } from '../../src/exchange/record-router.js';
import { RecordWriter } from '../../src/exchange/record-writer.js';
import type { StreamEvent } from '../../src/protocol/stream-elements.js';

/** What left the operators under test, in its order. */
export type Emitted =
  | { readonly kind: 'record'; readonly edge: number; readonly value: unknown; readonly timestamp: number }
  | { readonly kind: 'event'; readonly edge: number; readonly event: StreamEvent }
  | { readonly kind: 'reported'; readonly value: unknown };

export type EmittedRecord = Extract<Emitted, { readonly kind: 'record' }>;

/** The records that left by one edge. */
export function recordsOf(emitted: readonly Emitted[], edge = 0): EmittedRecord[] {
  return emitted.filter((each) => each.kind === 'record').filter((each) => each.edge === edge);
}

export function valuesOf(emitted: readonly Emitted[], edge = 0): unknown[] {
  return recordsOf(emitted, edge).map(({ value }) => value);
}

/** How much the output takes before it is full: one element, so that each emission is suspended, or any number. */
export type OutputSize = 'one-slot' | 'unbounded';

/** The output of the operators under test: it is full after each element, until the test empties it. */
export class OneSlotOutput {
  readonly emitted: Emitted[] = [];
  /** Where each emitted record comes from, as `split position`; empty for nowhere. */
  readonly origins: string[] = [];
  /** The most elements that came, one after the other, while it was full. */
  overdraftMax = 0;
  private overdraft = 0;
  private readonly availability: OutputAvailability;
  private readonly size: OutputSize;
  private readonly origin: RecordOrigin;
  private isFull = false;

  constructor(availability: OutputAvailability, size: OutputSize, origin: RecordOrigin = noOrigin) {
    this.origin = origin;
    this.availability = availability;
    this.size = size;
  }

  push(element: Emitted): void {
    this.emitted.push(element);
    if (this.size === 'unbounded') return;
    if (this.isFull) {
      this.overdraft += 1;
      this.overdraftMax = Math.max(this.overdraftMax, this.overdraft);
      return;
    }
    this.isFull = true;
    this.availability.block();
  }

  get hasRoom(): boolean {
    return !this.isFull;
  }

  /** Takes what is in the slot. */
  makeRoom(): void {
    if (!this.isFull) throw new Error('The operators are blocked, though their output has room.');
    this.isFull = false;
    this.overdraft = 0;
    this.availability.unblock();
  }

  writerOf(edge: number): RecordWriter {
    const channel: OutputChannel = {
      bytesOut: 0,
      writeRecord: (value, timestamp) => {
        const { split, position } = this.origin;
        this.origins.push(split === '' ? '' : `${split} ${position}`);
        this.push({ kind: 'record', edge, value, timestamp });
      },
      writeEvent: (event) => this.push({ kind: 'event', edge, event }),
      flush() {},
      close() {},
    };
    const router = createRecordRouter(
      { kind: 'forward' },
      { channelCount: 1, maxParallelism: 1, subtaskIndex: 0 },
    );
    return new RecordWriter([channel], router, 'under test');
  }
}
