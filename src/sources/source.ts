import type { JsonValue } from '../checkpoint/checkpoint-metadata.js';
import type { FieldFinder } from '../codecs/value-codec.js';
import type { EncodedRecord, EncodedRecordDecoder } from '../exchange/encoded-record.js';
import type { OutputAvailability } from '../exchange/output-availability.js';
import type { Clock } from '../host/clock.js';
import type { LogClient, TopicPartitionOffset } from '../log/log-port.js';
import type { SplitId, SubtaskIndex } from '../protocol/ids.js';
import type { PartitionMetrics } from '../protocol/messages.js';
import type { DeadLetterOptions } from './dead-letter.js';
import type { SplitWatermarkState } from './split-watermark-state.js';

/**
 * A source is a set of splits (a topic's partitions, a range of a sequence). The JobManager discovers them
 * once, with start and stop positions resolved, and makes them durable as checkpoint 0 before anyone reads;
 * from then on every position comes from a checkpoint.
 */
export interface Source<T> {
  readonly kind: string;
  /** For the graph's hash: two builds of the same job give the same text. */
  readonly description: string;
  readonly boundedness: 'bounded' | 'continuous';
  /**
   * A split that has been caught up with the end of its input for so long is idle: watermarks no longer wait
   * for it. Undefined where splits can't be idle. See `SplitWatermarks`.
   */
  readonly idleTimeoutMs: number | undefined;
  /** Where records that can't be decoded are put aside: the graph sets a sink behind the side output `deadLetterOutput`. */
  readonly deadLetters?: DeadLetterOptions | undefined;
  /** For a source whose records may go on as they were read; undefined where each must be decoded at once. */
  readonly encodedRecords?: EncodedRecords | undefined;
  /** In the JobManager. The order is the assignment's: split i goes to subtask i % parallelism. */
  discoverSplits(context: SplitDiscoveryContext): Promise<readonly SourceSplit[]>;
  /** How often the JobManager looks for new splits; undefined where none can come. */
  readonly discoveryIntervalMs?: number | undefined;
  /**
   * In the JobManager, while the job runs: splits that are not among the known, to be read from their
   * beginning, so that nothing written before they were found is lost.
   * @throws where a known one is gone.
   */
  discoverNewSplits?(
    context: SplitDiscoveryContext,
    known: ReadonlySet<SplitId>,
  ): Promise<readonly SourceSplit[]>;
  /** How an error names a record of the split, up to its position: `topic clicks, partition 0, offset`. */
  describePlace(split: SourceSplit): string;
  /** In the TaskManager. */
  createReader(context: SourceReaderContext<T>): SourceReader;
  /**
   * Once a checkpoint is complete, with each split's state in it (Kafka: offsets to the group). Gives what was
   * committed; a failure is only counted.
   */
  onCheckpointComplete?(
    context: SplitDiscoveryContext,
    splits: readonly SourceSplit[],
  ): Promise<readonly TopicPartitionOffset[]>;
}

/** How a source's records are told apart and decoded by those who get them encoded. */
export interface EncodedRecords {
  /** See `ValueCodec`. */
  stringFinder(name: string): FieldFinder<string> | undefined;
  integerFinder(name: string): FieldFinder<number> | undefined;
  decoder(operatorName: string): EncodedRecordDecoder;
}

export interface SplitDiscoveryContext {
  log(): Promise<LogClient>;
}

/** A split and where it stands: what checkpoints store as operator list state. */
export interface SourceSplit {
  readonly splitId: SplitId;
  /** Position within its source, for round-robin assignment (Kafka: the partition number). */
  readonly index: number;
  /** Position, stop position …: the source's own. */
  readonly state: JsonValue;
  /** Its event time, added by the runtime when it takes a snapshot (`SplitWatermarks.snapshot`). */
  readonly watermark?: SplitWatermarkState;
}

export interface SourceReaderContext<T> {
  readonly operatorName: string;
  readonly subtaskIndex: SubtaskIndex;
  readonly output: SourceOutput<T>;
  readonly availability: OutputAvailability;
  readonly clock: Clock;
  log(): Promise<LogClient>;
  /** Wakes the task: `emitNext` may have something again. Never called from within `emitNext`. */
  onAvailable(): void;
  fail(error: unknown): void;
  /** Tells people of something that stops nothing, in a sentence that names the operator. Seldom: each is a line of the log. */
  warn(message: string): void;
}

/** Where a reader emits; the runtime assigns timestamps and watermarks per split. */
export interface SourceOutput<T> {
  /** A split's event time; the runtime registers each split before it hands it to `addSplits`. */
  splitOutput(splitId: SplitId): SplitOutput;
  /**
   * @param recordTimestamp the source's own (Kafka's record timestamp), or NO_TIMESTAMP.
   * @param position of the record in its split, for errors: a whole number.
   */
  collect(value: T, recordTimestamp: number, split: SplitOutput, position: number): void;
  /**
   * Sends a record on without decoding it; false where it has to be decoded and collected. Undefined where no record
   * can be sent on like this.
   */
  readonly relay?:
    | ((record: EncodedRecord, recordTimestamp: number, split: SplitOutput, position: number) => boolean)
    | undefined;
  /** To a side output, which doesn't count for event time. */
  collectSide(tag: string, value: unknown, timestamp: number, split: SplitOutput, position: number): void;
  /** The split has reached its stop position: watermarks no longer wait for it. Called once for each, also for one that was restored finished. */
  finishSplit(split: SplitOutput): void;
}

/** A split's event time, kept by the runtime, made by `SplitWatermarks.register`. Readers only pass it on. */
export interface SplitOutput {
  readonly splitId: SplitId;
  /** See `Source.describePlace`. */
  readonly place: string;
  /** The split's own; MIN_WATERMARK before there is one. */
  readonly watermark: number;
}

export type SourceStatus =
  /** There is more to emit at once. */
  | 'more-available'
  /** Nothing now; `onAvailable` will be called. */
  | 'nothing-available'
  /** Every split has reached its stop position. */
  | 'end-of-input';

export interface SourceReader {
  /** Starts reading; with the splits as assigned or restored. */
  addSplits(splits: readonly SourceSplit[]): void;
  /**
   * Emits up to `recordsMax` records, fewer when the output becomes unavailable (checked after each) or none
   * is here. Synchronous. An error in decoding is thrown with topic, partition and offset.
   */
  emitNext(recordsMax: number): SourceStatus;
  /** Where each split stands: the position after the last record emitted, not fetched. Finished splits included. */
  snapshotSplits(): readonly SourceSplit[];
  /** Whether the split has emitted all that its input is known to hold. False for a finished split. */
  isCaughtUp(splitId: SplitId): boolean;
  /**
   * Emits nothing of these splits until they are left out of another call; what is read of them waits. A
   * reader without it is kept waiting as a whole, once all of its splits should.
   */
  pauseSplits?(paused: ReadonlySet<SplitId>): void;
  /** Records left out or put aside because they could not be decoded. */
  readonly recordsSkipped: number;
  /** Records known to be waiting in the log, not yet emitted; undefined when unknown. For `pendingRecords`. */
  pendingRecords(): number | undefined;
  /** How far it has come in each partition, finished ones included; absent where splits are none. */
  partitionMetrics?(): readonly PartitionMetrics[];
  close(): Promise<void>;
}
