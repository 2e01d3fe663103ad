import type { WriteOutcome } from '../host/files.js';
import type { Failure } from '../protocol/failures.js';
import type { CheckpointId, ExecutionAttempt, SubtaskRef } from '../protocol/ids.js';
import type { CheckpointMetadata, SubtaskSnapshot } from './checkpoint-metadata.js';
import type { DurableCheckpoint } from './durable-checkpoint.js';
import type { AcknowledgingSubtask, CheckpointedJob, CheckpointPurpose } from './pending-checkpoint.js';

/** What the checkpoint coordinator is told. */
export type CheckpointEvent =
  | AttemptStarted
  | { readonly kind: 'timer' }
  | {
      readonly kind: 'ack';
      readonly attempt: ExecutionAttempt;
      readonly checkpointId: CheckpointId;
      readonly subtask: SubtaskRef;
      /** One for each operator of the subtask's chain. */
      readonly snapshots: readonly SubtaskSnapshot[];
    }
  | { readonly kind: 'metadata-durable'; readonly checkpoint: DurableCheckpoint }
  | {
      readonly kind: 'metadata-write-failed';
      readonly checkpointId: CheckpointId;
      readonly outcome: WriteOutcome;
      readonly failure: Failure;
    }
  | { readonly kind: 'ids-reserved'; readonly through: CheckpointId }
  | {
      readonly kind: 'id-reservation-failed';
      readonly outcome: WriteOutcome;
      readonly failure: Failure;
    }
  /** All of a subtask's input has ended and been processed; it stays alive for the last checkpoint. */
  | { readonly kind: 'subtask-finished'; readonly attempt: ExecutionAttempt; readonly subtask: SubtaskRef }
  | { readonly kind: 'checkpoint-requested' }
  /** One last checkpoint, then the end (SIGINT). */
  | { readonly kind: 'stop-requested' }
  | { readonly kind: 'attempt-ended'; readonly attempt: ExecutionAttempt };

/** Every subtask runs: the attempt can take checkpoints. */
export interface AttemptStarted {
  readonly kind: 'attempt-started';
  readonly attempt: ExecutionAttempt;
  readonly job: CheckpointedJob;
  readonly subtasks: readonly AcknowledgingSubtask[];
  /** The checkpoint it was restored from. */
  readonly restoredCheckpointId: CheckpointId;
  /** Ids up to here are durably known as used. */
  readonly idsReservedThrough: CheckpointId;
}

/** What the checkpoint coordinator wants done. */
export type CheckpointEffect =
  | {
      readonly kind: 'trigger-checkpoint';
      readonly attempt: ExecutionAttempt;
      readonly checkpointId: CheckpointId;
      readonly purpose: CheckpointPurpose;
      /** Epoch, for the barrier. */
      readonly triggeredAtMs: number;
    }
  | { readonly kind: 'write-metadata'; readonly metadata: CheckpointMetadata }
  | {
      readonly kind: 'notify-complete';
      readonly attempt: ExecutionAttempt;
      readonly checkpoint: DurableCheckpoint;
      readonly durationMs: number;
      readonly stateBytes: number;
    }
  | {
      readonly kind: 'notify-aborted';
      readonly attempt: ExecutionAttempt;
      readonly checkpointId: CheckpointId;
      readonly reason: string;
    }
  /** The metadata of older checkpoints may go. */
  | { readonly kind: 'remove-older'; readonly than: CheckpointId }
  /** Make "ids up to `through` may have been used" durable. */
  | { readonly kind: 'reserve-ids'; readonly through: CheckpointId }
  | { readonly kind: 'fail-attempt'; readonly attempt: ExecutionAttempt; readonly failure: Failure }
  /** The final checkpoint is durable: what is left is to commit it. */
  | { readonly kind: 'job-finished'; readonly checkpoint: DurableCheckpoint }
  /** The stop's checkpoint is durable. */
  | { readonly kind: 'job-stopped'; readonly checkpoint: DurableCheckpoint }
  /** Sends `timer` at this monotonic time. Replaces the timer set before. */
  | { readonly kind: 'set-timer'; readonly atMs: number }
  /** Nobody knows what is on disk: end the process at once, the next start reads it. */
  | { readonly kind: 'exit-process'; readonly reason: string };

export interface CheckpointTime {
  /** For deadlines and durations. */
  readonly monotonicMs: number;
  /** For metadata and barriers. */
  readonly epochMs: number;
}
