import { join } from 'node:path';
import type { JsonValue } from '../../checkpoint/checkpoint-metadata.js';
import type { ValueCodec } from '../../codecs/value-codec.js';
import type { CancelTimer } from '../../host/clock.js';
import { syncFolder } from '../../host/node-files.js';
import type { PreparedTransaction } from '../../log/log-transactions.js';
import { MillraceError } from '../../protocol/failures.js';
import type { CheckpointId } from '../../protocol/ids.js';
import { BackpressureHold } from '../backpressure-hold.js';
import type { SinkWriter, SinkWriterContext } from '../sink.js';
import { PartFile } from './part-file.js';
import type { RollingPolicy } from './rolling-policy.js';

/**
 * Writes lines into part files. Invariant: a file gets its final name only when a complete checkpoint holds
 * it, closed and fsynced; so what readers see is never taken back, and never written again after a restart.
 * A part may stay in progress over checkpoints: each records how many of its bytes are durable, and recovery
 * cuts off the rest.
 */
export class FileSinkWriter<T> implements SinkWriter<T> {
  private readonly context: SinkWriterContext;
  private readonly settings: FileWriterSettings<T>;
  private readonly hold: BackpressureHold;
  private current: PartFile | undefined;
  /** Closed, and in no complete checkpoint; oldest first. */
  private pending: PartFile[] = [];
  /** In a complete checkpoint, and not known to have their names. */
  private finishable: PartFile[] = [];
  private recorded: readonly JsonValue[] = [];
  /** Lines that are not handed to the file yet. */
  private block = Buffer.alloc(blockBytes);
  private blockLength = 0;
  /** Handed to files, and not written yet. */
  private unwrittenBytes = 0;
  private lastWriteAtMs = 0;
  private partCount = 0;
  private hasInputEnded = false;
  private hasFailed = false;
  private finishing: Promise<void> = Promise.resolve();
  private cancelRollTimer: CancelTimer | undefined;

  constructor(context: SinkWriterContext, settings: FileWriterSettings<T>) {
    this.context = context;
    this.settings = settings;
    this.hold = new BackpressureHold(context.availability, context.operatorName);
  }

  write(value: T): void {
    const line = this.settings.value.encode(value);
    if (line === null) {
      throw new MillraceError(
        `Sink "${this.context.operatorName}" was given a null, which no line stands for.`,
        {
          domain: 'user-code',
          action: 'fail-job',
        },
      );
    }
    this.current ??= this.openPart();
    this.lastWriteAtMs = this.context.clock.monotonicMs();
    this.append(line);
    this.hold.afterBytes(this.unwrittenBytes <= unwrittenBytesMax, line.length + 1);
    if (this.current.bytes + this.blockLength >= this.settings.rolling.partSizeBytes) this.roll();
  }

  endInput(): void {
    this.hasInputEnded = true;
  }

  async prepare(checkpointId: CheckpointId): Promise<readonly PreparedTransaction[]> {
    if (this.settings.rolling.rollsOnCheckpoint || this.hasInputEnded) this.roll();
    this.flushBlock();
    for (const part of this.pending) part.checkpointId ??= checkpointId;
    const parts = [...this.finishable, ...this.pending];
    if (this.current !== undefined) parts.push(this.current);
    const recorded = parts.map((part) => ({ ...part.committable }));
    await Promise.all(parts.map((part) => (part === this.current ? part.sync() : part.closed)));
    // A file is only as durable as its name.
    if (parts.length > 0) await syncFolder(this.settings.folder);
    this.recorded = recorded;
    return [];
  }

  ownCommittables(): readonly JsonValue[] {
    return this.recorded;
  }

  notifyCheckpointComplete(checkpointId: CheckpointId): void {
    const isComplete = (part: PartFile): boolean =>
      part.checkpointId !== undefined && part.checkpointId <= checkpointId;
    const complete = this.pending.filter(isComplete);
    if (complete.length === 0) return;
    this.pending = this.pending.filter((part) => !isComplete(part));
    this.finishable.push(...complete);
    this.finishing = this.finishing
      .then(() => this.finish(complete))
      .catch((error: unknown) => this.fail(error));
  }

  /** What it held is in the next one. */
  notifyCheckpointAborted(): void {}

  async close(): Promise<void> {
    this.cancelRollTimer?.();
    await this.finishing;
    await Promise.all([...this.pending, this.current].map((part) => part?.abandon()));
  }

  private append(line: Uint8Array): void {
    if (this.blockLength + line.length + 1 > blockBytes) this.flushBlock();
    if (line.length + 1 > blockBytes) {
      this.hand(Buffer.concat([line, newline]));
      return;
    }
    this.block.set(line, this.blockLength);
    this.block[this.blockLength + line.length] = newline[0]!;
    this.blockLength += line.length + 1;
  }

  private flushBlock(): void {
    if (this.blockLength === 0) return;
    const written = this.block.subarray(0, this.blockLength);
    this.block = Buffer.alloc(blockBytes);
    this.blockLength = 0;
    this.hand(written);
  }

  private hand(bytes: Buffer): void {
    this.unwrittenBytes += bytes.length;
    this.current?.append(bytes).then(
      () => {
        this.unwrittenBytes -= bytes.length;
        this.hold.update(this.unwrittenBytes <= unwrittenBytesMax);
      },
      (error: unknown) => this.fail(error),
    );
  }

  private openPart(): PartFile {
    const { folder, prefix, suffix, writerId } = this.settings;
    const name = `${prefix}-${this.context.subtaskIndex}-${writerId}-${this.partCount}${suffix}`;
    this.partCount += 1;
    const nowMs = this.context.clock.monotonicMs();
    const part = new PartFile(join(folder, inProgressName(name)), join(folder, name), nowMs);
    this.lastWriteAtMs = nowMs;
    this.rollLater(part);
    return part;
  }

  private roll(): void {
    const part = this.current;
    if (part === undefined) return;
    this.flushBlock();
    this.cancelRollTimer?.();
    this.current = undefined;
    this.pending.push(part);
    part.close().catch((error: unknown) => this.fail(error));
  }

  /** At the earliest moment when the part may be too old. */
  private rollLater(part: PartFile): void {
    const { rolloverIntervalMs, inactivityIntervalMs } = this.settings.rolling;
    const { clock } = this.context;
    const dueAtMs = Math.min(part.openedAtMs + rolloverIntervalMs, this.lastWriteAtMs + inactivityIntervalMs);
    if (dueAtMs === Number.POSITIVE_INFINITY) return;
    this.cancelRollTimer = clock.setTimer(dueAtMs - clock.monotonicMs(), () => {
      if (part !== this.current) return;
      const ageMs = clock.monotonicMs() - part.openedAtMs;
      const idleMs = clock.monotonicMs() - this.lastWriteAtMs;
      if (ageMs >= rolloverIntervalMs || idleMs >= inactivityIntervalMs) this.roll();
      else this.rollLater(part);
    });
  }

  private async finish(parts: readonly PartFile[]): Promise<void> {
    if (this.hasFailed) return;
    for (const part of parts) await part.finish();
    await syncFolder(this.settings.folder);
    this.finishable = this.finishable.filter((part) => !parts.includes(part));
  }

  private fail(error: unknown): void {
    if (this.hasFailed) return;
    this.hasFailed = true;
    this.context.fail(error);
  }
}

export interface FileWriterSettings<T> {
  /** Absolute. */
  readonly folder: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly value: ValueCodec<T>;
  readonly rolling: RollingPolicy;
  /** No other writer's, of any run: a finished file is never replaced. */
  readonly writerId: string;
}

/** Hidden, so that whoever lists the folder sees finished files alone. */
export function inProgressName(name: string): string {
  return `.${name}${inProgressSuffix}`;
}

export const inProgressSuffix = '.inprogress';

const newline = Buffer.from('\n');
/** One write of the file: large enough that its call costs nothing a line. */
const blockBytes = 256 * 1024;
/** Some tenths of a second of a disk's writing; beyond that the stream waits for it. */
const unwrittenBytesMax = 16 * 1024 * 1024;
