import { logFailure } from '../log/log-failure.js';
import type {
  Isolation,
  LogBatch,
  LogClient,
  LogReader,
  OffsetRequest,
  TopicPartition,
} from '../log/log-port.js';
import { describeReset, type OffsetResetStrategy, type PositionReset } from '../log/position-reset.js';
import type { FetchSettings, RequestSettings } from '../log/request-settings.js';
import type { MillraceError } from '../protocol/failures.js';
import type { SplitId } from '../protocol/ids.js';
import type { PartitionMetrics } from '../protocol/messages.js';
import { deadLetterOf, deadLetterOutput } from './dead-letter.js';
import { KnownEnds } from './known-ends.js';
import { type BatchOfSplit, LogBatches } from './log-batches.js';
import { logSplit, logSplitId, readLogSplit } from './log-split.js';
import { LogSplitReader } from './log-split-reader.js';
import { type RecordDecoder, undecodableRecord } from './record-decoder.js';
import type { SourceReader, SourceReaderContext, SourceSplit, SourceStatus } from './source.js';

/** What happens to a record that can't be decoded: it fails the job, or is left out or put aside, and counted. */
export type UndecodablePolicy = 'fail' | 'skip' | 'dead-letter';

export interface LogSourceReaderOptions {
  readonly undecodable: UndecodablePolicy;
  readonly reading: RequestSettings &
    FetchSettings & { readonly isolation: Isolation; readonly onOffsetOutOfRange: OffsetResetStrategy };
  readonly isBounded: boolean;
}

/**
 * Fetched and not yet emitted bytes of one subtask. At 1 KB a record and 100,000 records/s it is 40 ms of
 * work: enough to hide the round trip of a fetch, little enough to stay in the processor's cache until it is
 * decoded. (Twice as much took 3 % more CPU a record.)
 */
const prefetchBytes = 4 * 1024 * 1024;

/**
 * Reads the splits of one subtask. Invariant: a split's position is the next offset to emit, never one that
 * was only fetched; a checkpoint that held the latter would lose what lay between.
 */
export class LogSourceReader<T> implements SourceReader {
  recordsSkipped = 0;
  private readonly context: SourceReaderContext<T>;
  private readonly decoder: RecordDecoder<T>;
  private readonly undecodable: UndecodablePolicy;
  private readonly reading: LogSourceReaderOptions['reading'];
  private readonly isBounded: boolean;
  private readonly splits = new Map<SplitId, LogSplitReader>();
  private readonly batches = new LogBatches(this.splits);
  private unfinishedSplits = 0;
  private hasSplits = false;
  private reader: LogReader | undefined;
  private ends: KnownEnds | undefined;
  private opening: Promise<void> | undefined;
  private isClosed = false;
  /** The batch being emitted, and its split; a batch is left in its middle when the output is full. */
  private current: BatchOfSplit | undefined;

  constructor(context: SourceReaderContext<T>, decoder: RecordDecoder<T>, options: LogSourceReaderOptions) {
    this.context = context;
    this.decoder = decoder;
    this.undecodable = options.undecodable;
    this.reading = options.reading;
    this.isBounded = options.isBounded;
  }

  addSplits(splits: readonly SourceSplit[]): void {
    this.hasSplits = true;
    for (const assigned of splits) {
      const split = new LogSplitReader(
        readLogSplit(assigned),
        assigned.index,
        this.context.output.splitOutput(assigned.splitId),
      );
      this.splits.set(assigned.splitId, split);
      if (split.isAtStop) this.context.output.finishSplit(split.output);
      else {
        this.unfinishedSplits += 1;
        if (this.reader !== undefined) split.addTo(this.reader);
      }
    }
    if (this.unfinishedSplits > 0) this.opening ??= this.open();
    else this.context.onAvailable();
  }

  emitNext(recordsMax: number): SourceStatus {
    let recordsLeft = recordsMax;
    while (recordsLeft > 0 && this.context.availability.isAvailable) {
      this.current ??= this.reader && this.batches.next(this.reader);
      if (this.current === undefined) return this.statusWithoutBatch();
      // It may have been paused in the middle of its batch.
      if (this.batches.isPaused(this.current.split)) this.leaveBatch(this.current);
      else recordsLeft = this.emitFromBatch(this.current, recordsLeft);
    }
    return 'more-available';
  }

  pauseSplits(paused: ReadonlySet<SplitId>): void {
    this.batches.pause(paused);
  }

  snapshotSplits(): readonly SourceSplit[] {
    return Array.from(this.splits.values(), (split) => logSplit(split, split.index));
  }

  isCaughtUp(splitId: SplitId): boolean {
    const split = this.splits.get(splitId);
    if (split === undefined || split.isAtStop) return false;
    const endOffset = this.reader?.endOffset(split);
    return endOffset !== undefined && split.position >= endOffset;
  }

  pendingRecords(): number | undefined {
    let pending = 0;
    for (const split of this.splits.values()) {
      if (split.isAtStop) continue;
      const endOffset = this.ends?.endOffset(split);
      if (endOffset === undefined) return undefined;
      pending += Math.max(0, Math.min(endOffset, split.stopPosition ?? endOffset) - split.position);
    }
    return pending;
  }

  partitionMetrics(): readonly PartitionMetrics[] {
    return Array.from(this.splits.values(), (split) => {
      const endOffset = split.isAtStop ? split.position : this.ends?.endOffset(split);
      return {
        topic: split.topic,
        partition: split.partition,
        currentOffset: split.position - 1,
        recordsLag: endOffset === undefined ? undefined : Math.max(0, endOffset - split.position),
        offsetResets: split.resets,
      };
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.opening;
    this.ends?.close();
    this.current?.batch.release();
    this.current = undefined;
    this.batches.release();
    await this.reader?.close();
  }

  /** Never rejects: an error fails the attempt. */
  private async open(): Promise<void> {
    try {
      const log: LogClient = await this.context.log();
      if (this.isClosed) return;
      this.reader = log.openReader({
        onAvailable: () => this.context.onAvailable(),
        onError: (error) => this.fail(error),
        onReset: (reset) => this.noteReset(reset),
        prefetchBytes,
        ...this.reading,
      });
      for (const split of this.splits.values()) if (!split.isAtStop) split.addTo(this.reader);
      this.ends = new KnownEnds({
        reader: this.reader,
        splits: this.splits,
        clock: this.context.clock,
        resolveEnds: (partitions) => log.resolveOffsets(partitions.map(endOf), this.reading.isolation),
        fail: (error) => this.fail(error),
      });
      this.context.onAvailable();
    } catch (error) {
      this.fail(error);
    }
  }

  private noteReset(reset: PositionReset): void {
    const { operatorName, subtaskIndex, clock, warn } = this.context;
    if (!this.splits.get(logSplitId(reset))?.noteReset(clock.monotonicMs())) return;
    const { onOffsetOutOfRange } = this.reading;
    warn(
      `Source "${operatorName}" (subtask ${subtaskIndex}), onOffsetOutOfRange '${onOffsetOutOfRange}': ${describeReset(reset)}`,
    );
  }

  private fail(error: unknown): void {
    if (!this.isClosed) this.context.fail(this.failureOf(error));
  }

  private failureOf(error: unknown): MillraceError {
    const { operatorName, subtaskIndex } = this.context;
    return logFailure(`Reading in source "${operatorName}" (subtask ${subtaskIndex})`, error);
  }

  private statusWithoutBatch(): SourceStatus {
    const hasEnded = this.isBounded && this.hasSplits && this.unfinishedSplits === 0;
    return hasEnded ? 'end-of-input' : 'nothing-available';
  }

  private leaveBatch(left: BatchOfSplit): void {
    this.batches.putBack(left);
    this.current = undefined;
  }

  /** Emits until the batch or the records asked for are used up or the output is full; gives how many records are left to ask for. */
  private emitFromBatch({ batch, split }: BatchOfSplit, recordsMax: number): number {
    const { availability } = this.context;
    let recordsLeft = recordsMax;
    while (recordsLeft > 0 && availability.isAvailable) {
      if (!this.advance(batch)) {
        this.finishBatch(batch, split);
        return recordsLeft;
      }
      recordsLeft -= 1;
      this.emitRecord(batch, split);
      split.position = batch.offset + 1;
    }
    return recordsLeft;
  }

  private emitRecord(batch: LogBatch, split: LogSplitReader): void {
    if (this.relayed(batch, split)) return;
    let value: T;
    try {
      value = this.decoder.decode(batch);
    } catch (error) {
      this.passOver(batch, split, error);
      return;
    }
    this.context.output.collect(value, batch.timestamp, split.output, batch.offset);
  }

  private relayed(batch: LogBatch, split: LogSplitReader): boolean {
    const { relay } = this.context.output;
    return relay?.(batch, batch.timestamp, split.output, batch.offset) ?? false;
  }

  /** @throws MillraceError where the log's bytes are damaged. */
  private advance(batch: LogBatch): boolean {
    try {
      return batch.next();
    } catch (error) {
      throw this.failureOf(error);
    }
  }

  /** @throws MillraceError where the policy is to fail. */
  private passOver(batch: LogBatch, { output: split }: LogSplitReader, cause: unknown): void {
    const { operatorName, output } = this.context;
    if (this.undecodable === 'fail') {
      throw undecodableRecord(operatorName, batch, { split: split.place, position: batch.offset }, cause);
    }
    this.recordsSkipped += 1;
    if (this.undecodable === 'dead-letter') {
      const deadLetter = deadLetterOf(batch, cause, operatorName);
      output.collectSide(deadLetterOutput, deadLetter, batch.timestamp, split, batch.offset);
    }
  }

  private finishBatch(batch: LogBatch, split: LogSplitReader): void {
    split.position = batch.positionAfter;
    batch.release();
    this.current = undefined;
    if (split.isAtStop) {
      this.unfinishedSplits -= 1;
      this.context.output.finishSplit(split.output);
    }
  }
}

function endOf({ topic, partition }: TopicPartition): OffsetRequest {
  return { topic, partition, spec: { kind: 'end' } };
}
