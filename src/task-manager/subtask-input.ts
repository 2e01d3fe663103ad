import type { SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { CheckpointId, OperatorUid } from '../protocol/ids.js';
import type { SplitAssignment, SubtaskMetrics } from '../protocol/messages.js';

/** Where a subtask's elements come from: a source's reader, or the gate over its input channels. */
export interface SubtaskInput {
  /**
   * Passes up to `recordsMax` elements into the chain, fewer when the output becomes unavailable. Asks for a
   * checkpoint (`CheckpointTaker`) when the barriers of its channels say so.
   */
  processNext(recordsMax: number): InputStatus;
  /**
   * The JobManager has triggered a checkpoint. A source takes it now; a gate waits for its barriers, unless
   * all its channels have ended.
   */
  triggerCheckpoint(checkpointId: CheckpointId, triggeredAtMs: number): void;
  /** New splits, for the source they name. */
  addSplits(assignment: SplitAssignment): void;
  /** Of a source: how far its splits may go, for the source that is named. */
  limitWatermark?(operatorUid: OperatorUid, maxWatermark: number): void;
  checkpointComplete(checkpointId: CheckpointId): void;
  checkpointAborted(checkpointId: CheckpointId): void;
  /** Its own part of a checkpoint, taken with the chain's. */
  snapshot(checkpointId: CheckpointId): readonly SubtaskSnapshot[];
  readonly numRecordsIn: number;
  readonly currentInputWatermark: number;
  readonly alignmentTimeMs: number;
  /** Of a source; of a gate there is nothing to say. */
  sourceMetrics(): SourceInputMetrics;
  close(): Promise<void>;
}

export type SourceInputMetrics = Pick<SubtaskMetrics, 'pendingRecords' | 'numRecordsInErrors' | 'partitions'>;

export type InputStatus = 'more-available' | 'nothing-available' | 'end-of-input';

/** Takes the subtask's part of a checkpoint, between two elements. */
export type CheckpointTaker = (checkpointId: CheckpointId, triggeredAtMs: number) => void;
