import { MillraceError } from '../protocol/failures.js';
import { NO_TIMESTAMP, type StreamEvent } from '../protocol/stream-elements.js';
import {
  type ChannelListener,
  type ElementCursor,
  ElementKind,
  endsBuffer,
  type InputChannel,
  type OutputChannel,
} from './channel.js';
import { type ChannelSettings, CreditFlow, initialCreditBuffers } from './credit-flow.js';
import { CurrentOrigin, noOrigin, type RecordOrigin } from './record-origin.js';

/**
 * A buffer within a thread holds so many elements: as many as a task processes before it lets others of its
 * thread have their turn, and about as many as a packed buffer holds of small records.
 */
const localBufferElements = 128;

/**
 * A channel between two subtasks of one thread: both of its ends. Elements are handed over by reference, in
 * arrays that go back and forth, under the same credits as between threads.
 */
export class LocalChannel implements OutputChannel, InputChannel {
  readonly bytesOut = 0;
  private open = new LocalBuffer();
  private readonly arrived: LocalBuffer[] = [];
  private readonly free: LocalBuffer[] = [];
  private readonly flow: CreditFlow<LocalBuffer>;
  private readonly cursor: LocalCursor;
  private readonly origin: RecordOrigin;
  private flushIsDue = false;
  private isClosed = false;

  constructor(settings: ChannelSettings, listener: ChannelListener) {
    this.origin = settings.origin;
    this.cursor = new LocalCursor((buffer) => this.takeBack(buffer));
    this.flow = new CreditFlow(settings, (buffer) => {
      if (this.isClosed) return;
      this.arrived.push(buffer);
      if (this.arrived.length === 1) listener.onAvailable();
    });
  }

  writeRecord(value: unknown, timestamp: number): void {
    const buffer = this.open;
    buffer.values[buffer.length] = value;
    buffer.timestamps[buffer.length] = timestamp;
    buffer.splits[buffer.length] = this.origin.split;
    buffer.positions[buffer.length] = this.origin.position;
    buffer.length += 1;
    if (buffer.length === localBufferElements) this.sendOpenBuffer();
  }

  writeEvent(event: StreamEvent): void {
    const buffer = this.open;
    buffer.values[buffer.length] = event;
    buffer.eventPositions.push(buffer.length);
    buffer.length += 1;
    if (endsBuffer(event) || buffer.length === localBufferElements) this.sendOpenBuffer();
  }

  flush(): void {
    if (this.open.length === 0) return;
    if (this.flow.hasCredit) this.sendOpenBuffer();
    else this.flushIsDue = true;
  }

  get hasData(): boolean {
    return this.arrived.length > 0;
  }

  poll(): ElementCursor | undefined {
    const buffer = this.arrived.shift();
    if (buffer === undefined) return undefined;
    this.cursor.begin(buffer);
    return this.cursor;
  }

  /** Either end may close it, and both do. */
  close(): void {
    this.isClosed = true;
    this.arrived.length = 0;
    this.free.length = 0;
  }

  private sendOpenBuffer(): void {
    const buffer = this.open;
    this.flushIsDue = false;
    this.open = this.free.pop() ?? new LocalBuffer();
    this.flow.send(buffer);
  }

  private takeBack(buffer: LocalBuffer): void {
    if (this.isClosed) return;
    buffer.clear();
    // As many as can be under way are kept, and those of an overdraft dropped.
    if (this.free.length < initialCreditBuffers) this.free.push(buffer);
    this.flow.addCredits(1);
    if (this.flushIsDue) this.flush();
  }
}

class LocalBuffer {
  readonly values: unknown[] = new Array(localBufferElements).fill(undefined);
  readonly timestamps = new Float64Array(localBufferElements);
  readonly splits: string[] = new Array(localBufferElements).fill(noOrigin.split);
  readonly positions = new Float64Array(localBufferElements);
  /** Which of the values are events, rising. */
  readonly eventPositions: number[] = [];
  length = 0;

  clear(): void {
    // The values must not outlive their processing by the time until their places are needed again.
    this.values.fill(undefined, 0, this.length);
    this.eventPositions.length = 0;
    this.length = 0;
  }
}

class LocalCursor implements ElementCursor {
  value: unknown = undefined;
  timestamp = NO_TIMESTAMP;
  readonly origin = new CurrentOrigin();
  event: StreamEvent = { kind: 'end-of-input' };
  private buffer: LocalBuffer | undefined;
  private at = 0;
  private events = 0;
  private nextEventAt = -1;
  private readonly takeBack: (buffer: LocalBuffer) => void;

  constructor(takeBack: (buffer: LocalBuffer) => void) {
    this.takeBack = takeBack;
  }

  begin(buffer: LocalBuffer): void {
    if (this.buffer !== undefined) throw misused('polled before its last buffer was released');
    this.buffer = buffer;
    this.at = 0;
    this.events = 0;
    this.nextEventAt = buffer.eventPositions[0] ?? -1;
  }

  next(): ElementKind {
    const buffer = this.buffer;
    if (buffer === undefined) throw misused('read after its buffer was released');
    const at = this.at;
    if (at === buffer.length) {
      this.value = undefined;
      return ElementKind.exhausted;
    }
    this.at = at + 1;
    if (at === this.nextEventAt) {
      this.event = buffer.values[at] as StreamEvent;
      this.events += 1;
      this.nextEventAt = buffer.eventPositions[this.events] ?? -1;
      return ElementKind.event;
    }
    this.value = buffer.values[at];
    this.timestamp = buffer.timestamps[at]!;
    this.origin.set(buffer.splits[at]!, buffer.positions[at]!);
    return ElementKind.record;
  }

  release(): void {
    const buffer = this.buffer;
    if (buffer === undefined) throw misused('released twice');
    this.buffer = undefined;
    this.takeBack(buffer);
  }
}

function misused(how: string): MillraceError {
  return new MillraceError(`A channel was ${how}.`, { domain: 'internal', action: 'restart' });
}
