import { MillraceError } from '../protocol/failures.js';
import type { StreamEvent } from '../protocol/stream-elements.js';
import { BufferReader, BufferWriter, bufferLength } from './buffer-codec.js';
import type { BufferPort } from './buffer-port.js';
import {
  type ChannelListener,
  type ElementCursor,
  endsBuffer,
  type InputChannel,
  type OutputChannel,
} from './channel.js';
import { type ChannelSettings, CreditFlow } from './credit-flow.js';
import type { EncodedRecord, EncodedRecordDecoder } from './encoded-record.js';

/** The sending end of a channel between threads: packs elements as they come, and posts full buffers. */
export class BufferOutputChannel implements OutputChannel {
  bytesOut = 0;
  private readonly writer: BufferWriter;
  private readonly flow: CreditFlow<ArrayBuffer>;
  private readonly port: BufferPort;
  /** A flush that came without credit: the open buffer goes on filling, and is sent with the next credit. */
  private flushIsDue = false;

  constructor(port: BufferPort, settings: ChannelSettings) {
    this.port = port;
    this.writer = new BufferWriter(`A record on the channel ${settings.name}`, settings.origin);
    this.flow = new CreditFlow(settings, (buffer) => this.post(buffer));
    port.listen({
      onBuffer: () => {
        throw misdirected(settings.name, 'its sending end got a buffer');
      },
      onCredit: (buffers) => {
        this.flow.addCredits(buffers);
        if (this.flushIsDue) this.flush();
      },
    });
  }

  writeRecord(value: unknown, timestamp: number): void {
    this.writer.writeRecord(value, timestamp);
    if (this.writer.isFull) this.sendOpenBuffer();
  }

  writeEncodedRecord(record: EncodedRecord, timestamp: number): void {
    this.writer.writeEncodedRecord(record, timestamp);
    if (this.writer.isFull) this.sendOpenBuffer();
  }

  writeEvent(event: StreamEvent): void {
    this.writer.writeEvent(event);
    if (endsBuffer(event) || this.writer.isFull) this.sendOpenBuffer();
  }

  flush(): void {
    if (this.writer.isEmpty) return;
    if (this.flow.hasCredit) this.sendOpenBuffer();
    else this.flushIsDue = true;
  }

  close(): void {
    this.port.close();
  }

  private sendOpenBuffer(): void {
    this.flushIsDue = false;
    this.flow.send(this.writer.take());
  }

  private post(buffer: ArrayBuffer): void {
    this.bytesOut += bufferLength(buffer);
    this.port.postBuffer(buffer);
  }
}

/** The receiving end: keeps the buffers that arrived, as many as it gave credits for, and unpacks them lazily. */
export class BufferInputChannel implements InputChannel {
  private readonly arrived: ArrayBuffer[] = [];
  private readonly cursor: BufferCursor;
  private readonly port: BufferPort;

  /** @param decoder of the records that come encoded; undefined where none do. */
  constructor(port: BufferPort, name: string, listener: ChannelListener, decoder?: EncodedRecordDecoder) {
    this.port = port;
    this.cursor = new BufferCursor(port, decoder);
    port.listen({
      onBuffer: (buffer) => {
        this.arrived.push(buffer);
        if (this.arrived.length === 1) listener.onAvailable();
      },
      onCredit: () => {
        throw misdirected(name, 'its receiving end got a credit');
      },
    });
  }

  get hasData(): boolean {
    return this.arrived.length > 0;
  }

  poll(): ElementCursor | undefined {
    const buffer = this.arrived.shift();
    if (buffer === undefined) return undefined;
    this.cursor.open(buffer);
    return this.cursor;
  }

  close(): void {
    this.arrived.length = 0;
    this.port.close();
  }
}

/** Reads one buffer at a time; its channel opens the next one only when this one has been released. */
class BufferCursor extends BufferReader implements ElementCursor {
  private readonly port: BufferPort;
  private isOpen = false;

  constructor(port: BufferPort, decoder: EncodedRecordDecoder | undefined) {
    super(decoder);
    this.port = port;
  }

  open(buffer: ArrayBuffer): void {
    if (this.isOpen) {
      throw new MillraceError('A channel was polled before its last buffer was released.', {
        domain: 'internal',
        action: 'restart',
      });
    }
    this.isOpen = true;
    this.begin(buffer);
  }

  release(): void {
    this.isOpen = false;
    this.port.postCredit(1);
  }
}

function misdirected(channel: string, what: string): MillraceError {
  return new MillraceError(`The channel ${channel} is connected wrongly: ${what}.`, {
    domain: 'internal',
    action: 'fail-job',
  });
}
