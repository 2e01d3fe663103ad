import type { PreparedTransaction } from '../log/log-transactions.js';
import type { CheckpointId, ExecutionAttempt, JobName, OperatorUid, SubtaskIndex } from '../protocol/ids.js';

/**
 * All that is needed to go on from a checkpoint. Plain JSON. It is durable before anyone is told that the
 * checkpoint is complete: a sink that committed on a metadata lost in a crash would have doubled output.
 */
export interface CheckpointMetadata {
  readonly formatVersion: 1;
  readonly jobName: JobName;
  readonly checkpointId: CheckpointId;
  /** The attempt that took it. */
  readonly attempt: ExecutionAttempt;
  readonly completedAtMs: number;
  readonly maxParallelism: number;
  readonly parallelism: number;
  /** Of the stream graph; a job whose graph differs is refused, or needs its uids matched. */
  readonly graphHash: string;
  /** True when every split was finished and the last transaction is in it: a restart begins anew. */
  readonly isFinal: boolean;
  readonly subtasks: readonly SubtaskSnapshot[];
}

/** What one operator's subtask put into a checkpoint. */
export interface SubtaskSnapshot {
  readonly operatorUid: OperatorUid;
  readonly subtaskIndex: SubtaskIndex;
  readonly snapshot: OperatorSnapshot;
}

export interface OperatorSnapshot {
  /** Opaque to the coordinator; the state backend reads it (`KeyedStateHandle`). */
  readonly keyedState?: OpaqueHandle;
  /** Operator list state: redistributed item by item when the parallelism changes (splits, requests in flight, …). */
  readonly listState?: readonly JsonValue[];
  /** What a user's function keeps beside the keys, divided as each state's mode says. */
  readonly operatorState?: readonly OperatorStateSnapshot[];
  /** State that belongs to this subtask alone (its watermarks by input). */
  readonly subtaskState?: JsonValue;
  /** Prepared transactions not known to be committed; committed when the checkpoint completes. */
  readonly committables?: readonly PreparedTransaction[];
  /** For `lastCheckpointSize`. */
  readonly stateBytes: number;
}

/** One state of one subtask; it is opaque but for how it is divided (see operator-state-redistribution). */
export interface OperatorStateSnapshot {
  readonly name: string;
  /** Each item to one subtask; all items to every subtask; or each subtask's items a copy of the same. */
  readonly mode: 'split-distribute' | 'union' | 'broadcast';
  /** Encoded plain values in base64, in their order. */
  readonly items: readonly string[];
}

/** A handle that only its maker opens. */
export type OpaqueHandle = JsonValue;

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };
