import type { LogAppender, LogRecord } from '../log/log-port.js';
import { recordBytes } from './record-bytes.js';

/**
 * An appender that may not be open yet: what is written before is kept, in order, and appended when it opens.
 * So a barrier never waits for a connection or for the beginning of a transaction.
 */
export class DeferredAppender<A extends LogAppender> {
  /** Undefined until `attach`. */
  appender: A | undefined;
  private recordCount = 0;
  private pending: LogRecord[] = [];
  private pendingBytes = 0;
  private readonly opened: Promise<A>;
  private resolveOpened!: (appender: A) => void;
  private rejectOpened!: (error: unknown) => void;

  constructor() {
    this.opened = new Promise<A>((resolve, reject) => {
      this.resolveOpened = resolve;
      this.rejectOpened = reject;
    });
    // Whoever waits hears of a failure; with nobody waiting it is not unhandled.
    this.opened.catch(() => {});
  }

  append(record: LogRecord): void {
    this.recordCount += 1;
    if (this.appender !== undefined) {
      this.appender.append(record);
      return;
    }
    // The object and its bytes are only lent.
    this.pending.push({ ...record, key: copyOf(record.key), value: copyOf(record.value) });
    this.pendingBytes += recordBytes(record);
  }

  get isWritable(): boolean {
    return this.appender === undefined ? this.pendingBytes < pendingBytesMax : this.appender.isWritable;
  }

  get isEmpty(): boolean {
    return this.recordCount === 0;
  }

  attach(appender: A): void {
    if (this.appender !== undefined) throw new Error('A DeferredAppender was given two appenders.');
    this.appender = appender;
    for (const record of this.pending) appender.append(record);
    this.pending = [];
    this.pendingBytes = 0;
    this.resolveOpened(appender);
  }

  /** It will never open: whoever waits is told. */
  abandon(error: unknown): void {
    this.rejectOpened(error);
  }

  /** Resolves with the appender once it is open and holds all that was written before. */
  whenAttached(): Promise<A> {
    return this.opened;
  }
}

/**
 * A connection, a begin, or the flush of what was appended before takes milliseconds: at 1 KB a record and
 * 200,000 records/s some 20 ms are kept without a pause, then the task is held.
 */
const pendingBytesMax = 4 * 1024 * 1024;

function copyOf(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : new Uint8Array(bytes);
}
