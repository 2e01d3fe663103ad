import type { JsonValue } from '../checkpoint/checkpoint-metadata.js';
import type { OutputAvailability } from '../exchange/output-availability.js';
import type { Clock } from '../host/clock.js';
import type { LogClient } from '../log/log-port.js';
import type { PreparedTransaction } from '../log/log-transactions.js';
import type { CheckpointId, ExecutionAttempt, SubtaskIndex } from '../protocol/ids.js';
import type { SinkWriterMetrics } from '../protocol/messages.js';

/** A sink writes a stream's records out; one that takes part in checkpoints also prepares and commits. */
export interface Sink<T> {
  readonly kind: string;
  /** For the graph's hash. */
  readonly description: string;
  createWriter(context: SinkWriterContext): SinkWriter<T>;
  /** Of the log, which must be there before the job starts. Absent where each element names its own. */
  readonly topics?: readonly string[];
  /** Of an exactly-once sink on the log: what the JobManager must settle and fence before it deploys. */
  readonly transactions?: SinkTransactions;
  /**
   * Of an exactly-once sink that is not on the log, in the JobManager, while no attempt runs: commits what the
   * newest checkpoint records and removes whatever else was begun. Repeating it changes nothing.
   */
  settle?(settlement: SinkSettlement): Promise<void>;
}

export interface SinkSettlement {
  /** What the writers' `ownCommittables` answered, of all subtasks; empty where they are known to be committed. */
  readonly committables: readonly JsonValue[];
  /** Tells people of something that stops nothing. */
  warn(message: string): void;
}

export interface SinkTransactions {
  readonly transactionalIdPrefix: string;
  /** Transactional ids that a subtask may use in one attempt. */
  readonly poolSize: number;
  readonly transactionTimeoutMs: number;
}

export interface SinkWriterContext {
  readonly operatorName: string;
  readonly subtaskIndex: SubtaskIndex;
  readonly parallelism: number;
  readonly attempt: ExecutionAttempt;
  /** Prepared transactions that the restored checkpoint records: committed by now, their ids not to be begun again yet. */
  readonly restoredCommittables: readonly PreparedTransaction[];
  /** The writer blocks it while it can take no more. */
  readonly availability: OutputAvailability;
  readonly clock: Clock;
  log(): Promise<LogClient>;
  fail(error: unknown): void;
  /**
   * Hands a value to the JobManager (collect-for-tests); called within `prepare`, before it returns. The value
   * belongs to that checkpoint. It is delivered, in order, when that checkpoint or a later one of the same
   * attempt completes, and forgotten when the attempt ends before.
   */
  report?(value: unknown): void;
}

export interface SinkWriter<T> {
  /** Never blocks; the caller stops while `availability` is blocked. */
  write(value: T, timestamp: number): void;
  /** All input has ended: the next `prepare` is the last one. */
  endInput?(): void;
  /**
   * The barrier: what was written so far belongs to this checkpoint, what follows does not. Resolves when it
   * is acknowledged (at-least-once) or prepared (exactly-once), with *all* prepared transactions not known
   * to be committed, those of aborted checkpoints included.
   */
  prepare(checkpointId: CheckpointId): Promise<readonly PreparedTransaction[]>;
  /**
   * Of a sink with `settle`, asked when `prepare` has resolved: what the checkpoint must record of what is not
   * known to be committed.
   */
  ownCommittables?(): readonly JsonValue[];
  /** Commits everything up to this checkpoint. */
  notifyCheckpointComplete(checkpointId: CheckpointId): void;
  /** This checkpoint will never be complete; what it prepared goes with the next one. */
  notifyCheckpointAborted(checkpointId: CheckpointId): void;
  /** Absent where nothing leaves the job. */
  metrics?(): SinkWriterMetrics;
  /** Finishes the commits it was told of, aborts what is not prepared, and ends everything it started. */
  close(): Promise<void>;
}
