import { type WatermarkStrategy, Watermarks } from '../api/watermarks.js';
import type { JsonValue, SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { EncodedRecordRelay } from '../exchange/encoded-record-relay.js';
import type { OutputAvailability } from '../exchange/output-availability.js';
import type { CurrentOrigin } from '../exchange/record-origin.js';
import type { Clock } from '../host/clock.js';
import type { CheckpointId, OperatorUid, SplitId, SubtaskIndex } from '../protocol/ids.js';
import type { SplitAssignment } from '../protocol/messages.js';
import type {
  Source,
  SourceOutput,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitOutput,
} from '../sources/source.js';
import { SplitWatermarks } from '../sources/split-watermarks.js';
import { AlignedSplits } from './aligned-splits.js';
import type { ChainOutput } from './chain-output.js';
import { EventTimeFunctions } from './event-time-functions.js';
import { PendingSplits } from './pending-splits.js';
import { SourceWatermarks } from './source-watermarks.js';
import type { CheckpointTaker, InputStatus, SourceInputMetrics, SubtaskInput } from './subtask-input.js';

/**
 * The input of a source's subtask: its reader, and the event time of its splits. Invariant: the watermark
 * that the restored checkpoint knew is emitted before the first record, so that what was late before a
 * failure is late after it.
 */
export class SourceInput implements SubtaskInput, SourceOutput<unknown> {
  numRecordsIn = 0;
  readonly alignmentTimeMs = 0;
  readonly relay: SourceOutput<unknown>['relay'];
  private readonly options: SourceInputOptions;
  private readonly reader: SourceReader;
  private readonly watermarks: SplitWatermarks;
  private readonly pending = new PendingSplits();
  private readonly strategy: WatermarkStrategy<unknown>;
  private readonly output: ChainOutput;
  private readonly origin: CurrentOrigin;
  private readonly functions: EventTimeFunctions;
  private readonly emission: SourceWatermarks;
  /** Only where the source's watermarks are aligned with others'. */
  private readonly aligned: AlignedSplits | undefined;
  private hasBegun = false;
  private hasReaderEnded = false;

  constructor(options: SourceInputOptions) {
    this.options = options;
    this.output = options.output;
    this.origin = options.origin;
    this.relay = options.output.relay && this.relayTo(options.output.relay);
    this.strategy = options.strategy ?? Watermarks.none();
    this.watermarks = new SplitWatermarks(this.strategy, options.idleTimeoutMs);
    this.functions = new EventTimeFunctions(
      this.strategy,
      this.watermarks,
      options.readerContext.operatorName,
      options.subtaskIndex,
    );
    const { output, availability, clock, execute } = options;
    this.emission = new SourceWatermarks({
      watermarks: this.watermarks,
      functions: this.functions,
      output,
      availability,
      clock,
      isCaughtUp: (split) => this.reader.isCaughtUp(split),
      execute,
    });
    this.watermarks.restoreCombined(options.restoredWatermark);
    this.reader = options.source.createReader({ ...options.readerContext, output: this });
    this.read(options.splits);
    if (this.strategy.kind !== 'none') this.emission.scheduleTick();
    this.aligned = this.alignSplits();
  }

  processNext(recordsMax: number): InputStatus {
    const { availability } = this.options;
    if (!this.hasBegun) this.begin();
    if (!availability.isAvailable) return 'more-available';
    this.emission.emitDue();
    if (this.aligned?.isHeld) return 'nothing-available';
    const status = this.hasReaderEnded ? 'end-of-input' : this.reader.emitNext(recordsMax);
    this.aligned?.update();
    if (status === 'end-of-input') this.onReaderEnded();
    // The last record's results may be suspended, and a watermark must not overtake them.
    if (!availability.isAvailable) return 'more-available';
    if (status === 'end-of-input') this.emission.emitEnd();
    else this.emission.emitPeriodic();
    return status;
  }

  splitOutput(splitId: SplitId): SplitOutput {
    return this.watermarks.outputOf(splitId);
  }

  collect(value: unknown, recordTimestamp: number, split: SplitOutput, position: number): void {
    const { functions, origin } = this;
    origin.set(split.place, position);
    const timestamp = functions.timestampOf(value, recordTimestamp);
    this.numRecordsIn += 1;
    this.watermarks.onRecord(split, timestamp);
    this.output.collect(value, timestamp);
    const isWatermarkDue = functions.hasGenerators && functions.onEvent(split, value, timestamp);
    origin.clear();
    if (isWatermarkDue) this.emission.emitPunctuated();
  }

  collectSide(tag: string, value: unknown, timestamp: number, split: SplitOutput, position: number): void {
    this.numRecordsIn += 1;
    this.origin.set(split.place, position);
    this.output.collectSide(tag, value, timestamp);
    this.origin.clear();
  }

  finishSplit(split: SplitOutput): void {
    this.watermarks.finishSplit(split);
  }

  triggerCheckpoint(checkpointId: CheckpointId, triggeredAtMs: number): void {
    this.options.takeCheckpoint(checkpointId, triggeredAtMs);
  }

  addSplits({ operatorUid, splits }: SplitAssignment): void {
    if (operatorUid === this.options.operatorUid) this.pending.add(splits);
  }

  limitWatermark(operatorUid: OperatorUid, maxWatermark: number): void {
    if (operatorUid === this.options.operatorUid && !this.hasReaderEnded)
      this.aligned?.onMaxWatermark(maxWatermark);
  }

  checkpointComplete(checkpointId: CheckpointId): void {
    const splits = this.pending.complete(checkpointId);
    if (splits.length > 0) this.read(splits);
  }

  checkpointAborted(): void {}

  snapshot(checkpointId: CheckpointId): readonly SubtaskSnapshot[] {
    const reading = this.reader.snapshotSplits().map((split) => ({
      ...split,
      watermark: this.watermarks.snapshot(split.splitId),
    }));
    const splits = [...reading, ...this.pending.snapshot(checkpointId)];
    return [
      {
        operatorUid: this.options.operatorUid,
        subtaskIndex: this.options.subtaskIndex,
        snapshot: {
          listState: splits as unknown as readonly JsonValue[],
          subtaskState: { watermark: Math.max(this.emission.last, this.options.restoredWatermark) },
          stateBytes: 0,
        },
      },
    ];
  }

  get currentInputWatermark(): number {
    return this.emission.last;
  }

  sourceMetrics(): SourceInputMetrics {
    return {
      pendingRecords: this.reader.pendingRecords(),
      numRecordsInErrors: this.reader.recordsSkipped,
      partitions: this.reader.partitionMetrics?.() ?? [],
    };
  }

  async close(): Promise<void> {
    this.emission.close();
    this.aligned?.close();
    await this.reader.close();
  }

  private relayTo(relay: EncodedRecordRelay): NonNullable<SourceOutput<unknown>['relay']> {
    return (record, recordTimestamp, split, position) => {
      this.origin.set(split.place, position);
      const isRelayed = relay.offer(record, recordTimestamp);
      this.origin.clear();
      if (!isRelayed) return false;
      this.numRecordsIn += 1;
      this.watermarks.onRecord(split, relay.timestamp);
      return true;
    };
  }

  /** At the first step; time may have been told before. */
  private begin(): void {
    this.hasBegun = true;
    this.emission.advance();
    this.aligned?.begin();
  }

  private alignSplits(): AlignedSplits | undefined {
    const { alignment } = this.strategy;
    if (alignment === undefined) return undefined;
    const { watermarks, reader } = this;
    const { clock, reportWatermark, readerContext } = this.options;
    return new AlignedSplits({
      alignment,
      watermarks,
      reader,
      clock,
      tell: reportWatermark,
      wake: readerContext.onAvailable,
    });
  }

  private read(splits: readonly SourceSplit[]): void {
    const { source } = this.options;
    for (const split of splits) {
      this.watermarks.register(split.splitId, source.describePlace(split), split.watermark);
    }
    this.reader.addSplits(splits);
  }

  private onReaderEnded(): void {
    this.hasReaderEnded = true;
    this.emission.readerEnded();
    this.aligned?.end();
  }
}

export interface SourceInputOptions {
  readonly operatorUid: OperatorUid;
  readonly subtaskIndex: SubtaskIndex;
  readonly source: Source<unknown>;
  readonly strategy: WatermarkStrategy<unknown> | undefined;
  /** A split without records is left out of the watermark after this; undefined for never. */
  readonly idleTimeoutMs: number | undefined;
  readonly splits: readonly SourceSplit[];
  readonly restoredWatermark: number;
  readonly output: ChainOutput;
  readonly availability: OutputAvailability;
  readonly origin: CurrentOrigin;
  readonly clock: Clock;
  readonly readerContext: Omit<SourceReaderContext<unknown>, 'output'>;
  readonly takeCheckpoint: CheckpointTaker;
  /** To the JobManager, for the alignment of watermarks. */
  readonly reportWatermark: (watermark: number) => void;
  /** Runs an action between two elements. */
  readonly execute: (action: () => void) => void;
}
