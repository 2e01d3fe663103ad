import { logFailure } from '../log/log-failure.js';
import type { AppendSettings, LogAppender } from '../log/log-port.js';
import type { PreparedTransaction } from '../log/log-transactions.js';
import type { SinkWriterMetrics } from '../protocol/messages.js';
import { BackpressureHold } from './backpressure-hold.js';
import { DeferredAppender } from './deferred-appender.js';
import { recordBytes } from './record-bytes.js';
import type { RecordEncoder } from './record-encoder.js';
import type { SinkWriter, SinkWriterContext } from './sink.js';

/**
 * Appends without transactions. At-least-once: a checkpoint is acknowledged only when the log has
 * acknowledged every record before its barrier; a restart writes again what came after. With `none` not even
 * that is waited for, and a crash loses what was on its way.
 */
export class AppendingSinkWriter<T> implements SinkWriter<T> {
  private readonly context: SinkWriterContext;
  private readonly encoder: RecordEncoder<T>;
  private readonly settings: AppendSettings;
  private readonly flushesAtBarriers: boolean;
  private readonly hold: BackpressureHold;
  private readonly appends = new DeferredAppender<LogAppender>();
  private readonly opening: Promise<void>;
  private isClosed = false;
  private numRecordsSend = 0;
  private numBytesSend = 0;

  constructor(
    context: SinkWriterContext,
    encoder: RecordEncoder<T>,
    settings: AppendSettings,
    guarantee: 'none' | 'at-least-once',
  ) {
    this.context = context;
    this.settings = settings;
    this.encoder = encoder;
    this.flushesAtBarriers = guarantee === 'at-least-once';
    this.hold = new BackpressureHold(context.availability, context.operatorName);
    this.opening = this.open();
  }

  write(value: T, timestamp: number): void {
    const record = this.encoder.encode(value, timestamp);
    this.appends.append(record);
    this.numRecordsSend += 1;
    this.numBytesSend += recordBytes(record);
    this.hold.afterWrite(this.appends.isWritable, record);
  }

  async prepare(): Promise<readonly PreparedTransaction[]> {
    if (this.flushesAtBarriers) {
      const appender = await this.appends.whenAttached();
      await appender.flush();
    }
    return [];
  }

  notifyCheckpointComplete(): void {}

  notifyCheckpointAborted(): void {}

  metrics(): SinkWriterMetrics {
    const { numRecordsSend, numBytesSend } = this;
    return { numRecordsSend, numBytesSend, pendingCommittables: 0, successfulCommittables: 0 };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.opening;
    await this.appends.appender?.close();
  }

  /** Never rejects: an error fails the attempt. */
  private async open(): Promise<void> {
    try {
      const log = await this.context.log();
      const appender = log.openAppender({
        ...this.settings,
        onWritable: () => this.hold.update(this.appends.isWritable),
        onError: (error) => this.fail(error),
        bufferBytes: appendBufferBytes,
      });
      this.appends.attach(appender);
      this.hold.update(this.appends.isWritable);
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    const { operatorName, subtaskIndex } = this.context;
    const failure = logFailure(`Writing in sink "${operatorName}" (subtask ${subtaskIndex})`, error);
    this.appends.abandon(failure);
    if (!this.isClosed) this.context.fail(failure);
  }
}

/** Appended and not acknowledged: at 1 KB a record and 250,000 records/s some 30 ms, several round trips to a broker. */
export const appendBufferBytes = 8 * 1024 * 1024;
