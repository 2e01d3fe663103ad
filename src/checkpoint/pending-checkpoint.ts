import type { CheckpointId, ExecutionAttempt, JobName, SubtaskRef } from '../protocol/ids.js';
import type { CheckpointMetadata, SubtaskSnapshot } from './checkpoint-metadata.js';

/**
 * A triggered checkpoint that collects acknowledgements. It becomes metadata only when *every* subtask of
 * the attempt has acknowledged: with one missing, a restore would mix two moments of the stream.
 */
export interface PendingCheckpoint {
  readonly checkpointId: CheckpointId;
  readonly attempt: ExecutionAttempt;
  readonly purpose: CheckpointPurpose;
  /** Monotonic. */
  readonly triggeredAtMs: number;
  /** Monotonic: from here on it is expired. */
  readonly deadlineMs: number;
  /** Subtasks that have not acknowledged yet, by `subtaskKey`. */
  readonly missing: ReadonlyMap<string, AcknowledgingSubtask>;
  readonly acknowledged: ReadonlySet<string>;
  readonly snapshots: readonly SubtaskSnapshot[];
}

/** `final`: all input has ended. `stop`: the job ends when it is complete. `requested`: by a person. */
export type CheckpointPurpose = 'periodic' | 'requested' | 'stop' | 'final';

export interface AcknowledgingSubtask extends SubtaskRef {
  /** For people, in errors: the chained operators' names. */
  readonly taskName: string;
}

/** What every checkpoint of an attempt says about its job. */
export interface CheckpointedJob {
  readonly jobName: JobName;
  readonly graphHash: string;
  readonly maxParallelism: number;
  readonly parallelism: number;
}

export interface PendingCheckpointStart {
  readonly checkpointId: CheckpointId;
  readonly attempt: ExecutionAttempt;
  readonly purpose: CheckpointPurpose;
  readonly triggeredAtMs: number;
  readonly deadlineMs: number;
  readonly subtasks: readonly AcknowledgingSubtask[];
}

export function startPendingCheckpoint(start: PendingCheckpointStart): PendingCheckpoint {
  const { subtasks, ...facts } = start;
  return {
    ...facts,
    missing: new Map(subtasks.map((subtask) => [subtaskKey(subtask), subtask])),
    acknowledged: new Set(),
    snapshots: [],
  };
}

export type AcknowledgeResult =
  | { readonly kind: 'waiting' | 'complete'; readonly pending: PendingCheckpoint }
  /** Sent twice: nothing to do. */
  | { readonly kind: 'duplicate' }
  /** From a subtask that the attempt does not have. */
  | { readonly kind: 'unexpected' };

export function acknowledge(
  pending: PendingCheckpoint,
  subtask: SubtaskRef,
  snapshots: readonly SubtaskSnapshot[],
): AcknowledgeResult {
  const key = subtaskKey(subtask);
  if (pending.acknowledged.has(key)) return { kind: 'duplicate' };
  if (!pending.missing.has(key)) return { kind: 'unexpected' };
  const missing = new Map(pending.missing);
  missing.delete(key);
  return {
    kind: missing.size === 0 ? 'complete' : 'waiting',
    pending: {
      ...pending,
      missing,
      acknowledged: new Set(pending.acknowledged).add(key),
      snapshots: [...pending.snapshots, ...snapshots],
    },
  };
}

/** Of a complete one. Its snapshots stand in a fixed order, whichever subtask was first. */
export function toCheckpointMetadata(
  pending: PendingCheckpoint,
  job: CheckpointedJob,
  completedAtMs: number,
): CheckpointMetadata {
  if (pending.missing.size > 0) throw new Error(`Checkpoint ${pending.checkpointId} lacks acknowledgements.`);
  return {
    formatVersion: 1,
    ...job,
    checkpointId: pending.checkpointId,
    attempt: pending.attempt,
    completedAtMs,
    isFinal: pending.purpose === 'final',
    subtasks: [...pending.snapshots].sort(byOperatorThenSubtask),
  };
}

/** "2 of 5 subtasks, first Source: events -> parse (2)". Flink counts subtasks from 1 for people; so does this. */
export function describeMissing(pending: PendingCheckpoint): string {
  const [first] = pending.missing.values();
  const total = pending.missing.size + pending.acknowledged.size;
  const name = first === undefined ? '' : `, first ${first.taskName} (${first.subtaskIndex + 1})`;
  return `${pending.missing.size} of ${total} subtasks${name}`;
}

export function subtaskKey(subtask: SubtaskRef): string {
  return `${subtask.vertexId}/${subtask.subtaskIndex}`;
}

function byOperatorThenSubtask(a: SubtaskSnapshot, b: SubtaskSnapshot): number {
  if (a.operatorUid !== b.operatorUid) return a.operatorUid < b.operatorUid ? -1 : 1;
  return a.subtaskIndex - b.subtaskIndex;
}
