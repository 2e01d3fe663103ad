import type { SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { SourceSplit } from '../sources/source.js';
import type { Failure } from './failures.js';
import type {
  CheckpointId,
  ExecutionAttempt,
  OperatorUid,
  SlotIndex,
  SubtaskIndex,
  SubtaskRef,
} from './ids.js';

/**
 * All that the JobManager and its TaskManagers say to each other. Every message carries its execution
 * attempt, and a receiver drops one of another attempt: a late acknowledgement counted for the new attempt
 * would complete a checkpoint whose state nobody has.
 */
export type ToTaskManager =
  | {
      readonly kind: 'deploy';
      readonly attempt: ExecutionAttempt;
      readonly deployment: TaskManagerDeployment;
    }
  | {
      readonly kind: 'trigger-checkpoint';
      readonly attempt: ExecutionAttempt;
      readonly checkpointId: CheckpointId;
      readonly triggeredAtMs: number;
    }
  /** Splits that came into being while the attempt runs. They are read once a complete checkpoint holds them. */
  | {
      readonly kind: 'assign-splits';
      readonly attempt: ExecutionAttempt;
      readonly assignment: SplitAssignment;
    }
  /** How far a source's subtask may go, by its group's slowest; the answer to `watermark-reported`. */
  | {
      readonly kind: 'watermark-limited';
      readonly attempt: ExecutionAttempt;
      readonly operatorUid: OperatorUid;
      readonly maxWatermark: number;
    }
  | {
      readonly kind: 'checkpoint-complete';
      readonly attempt: ExecutionAttempt;
      readonly checkpointId: CheckpointId;
    }
  | {
      readonly kind: 'checkpoint-aborted';
      readonly attempt: ExecutionAttempt;
      readonly checkpointId: CheckpointId;
    }
  /** Close everything; the last checkpoint is durable. */
  | { readonly kind: 'shut-down'; readonly attempt: ExecutionAttempt };

export type FromTaskManager =
  /** The job module is loaded; the JobManager compares the description with its own before it deploys. */
  | {
      readonly kind: 'graph-built';
      readonly attempt: ExecutionAttempt;
      readonly slot: SlotIndex;
      readonly graphDescription: string;
    }
  /** State is restored and every operator is open: the subtasks run. */
  | { readonly kind: 'running'; readonly attempt: ExecutionAttempt; readonly slot: SlotIndex }
  /** Once an attempt and slot: how soon after a failure work goes on. */
  | {
      readonly kind: 'first-record-processed';
      readonly attempt: ExecutionAttempt;
      readonly slot: SlotIndex;
      readonly atEpochMs: number;
    }
  /** Of a source whose watermarks are aligned with others', each so often; MAX_WATERMARK when it is idle or has ended. */
  | {
      readonly kind: 'watermark-reported';
      readonly attempt: ExecutionAttempt;
      readonly operatorUid: OperatorUid;
      readonly subtaskIndex: SubtaskIndex;
      readonly watermark: number;
    }
  | {
      readonly kind: 'checkpoint-acknowledged';
      readonly attempt: ExecutionAttempt;
      readonly checkpointId: CheckpointId;
      readonly subtask: SubtaskRef;
      readonly snapshots: readonly SubtaskSnapshot[];
    }
  /** All input of a subtask has ended and is processed. It lives on for the last checkpoint. */
  | { readonly kind: 'subtask-finished'; readonly attempt: ExecutionAttempt; readonly subtask: SubtaskRef }
  | {
      readonly kind: 'failed';
      readonly attempt: ExecutionAttempt;
      readonly slot: SlotIndex;
      readonly failure: Failure;
    }
  /** Also the sign of life: sent each `metricsIntervalMs`. */
  | {
      readonly kind: 'metrics';
      readonly attempt: ExecutionAttempt;
      readonly slot: SlotIndex;
      readonly subtasks: readonly SubtaskMetrics[];
    }
  /** A sink hands a value to the process that runs the job (collect-for-tests), with the checkpoint that holds it. */
  | {
      readonly kind: 'report';
      readonly attempt: ExecutionAttempt;
      readonly checkpointId: CheckpointId;
      readonly operatorUid: OperatorUid;
      readonly value: unknown;
    }
  /** Something that people should know of, and that stops nothing. */
  | { readonly kind: 'warning'; readonly attempt: ExecutionAttempt; readonly message: string }
  | { readonly kind: 'shut-down-complete'; readonly attempt: ExecutionAttempt; readonly slot: SlotIndex };

/** What one slot runs in one attempt. */
export interface TaskManagerDeployment {
  readonly slot: SlotIndex;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Of this slot's subtasks; empty for a new job. Keyed and list state are already redistributed. */
  readonly restored: readonly SubtaskSnapshot[];
  /** The splits this slot reads, with the positions to read from. */
  readonly splits: readonly SplitAssignment[];
}

export interface SplitAssignment {
  readonly operatorUid: OperatorUid;
  readonly splits: readonly SourceSplit[];
}

/** Totals of one subtask since its attempt began, counted per buffer. */
export interface SubtaskMetrics {
  readonly subtask: SubtaskRef;
  readonly numRecordsIn: number;
  /** Epoch ms of the first and last buffer that had records; undefined before the first. */
  readonly firstRecordAtMs: number | undefined;
  readonly lastRecordAtMs: number | undefined;
  readonly numRecordsOut: number;
  readonly numBytesOut: number;
  readonly numLateRecordsDropped: number;
  readonly currentInputWatermark: number;
  readonly isBackPressured: boolean;
  readonly checkpointAlignmentTimeMs: number;
  /** Monotonic ms of the TaskManager's clock spent processing and blocked, for busy and back-pressured time. */
  readonly busyTimeMs: number;
  readonly backPressuredTimeMs: number;
  /** Of a source: records waiting in the log; undefined when unknown or no source. */
  readonly pendingRecords: number | undefined;
  /** Of a source: records left out or put aside because they could not be decoded. */
  readonly numRecordsInErrors: number;
  /** Of a source on a log: what it reads. */
  readonly partitions: readonly PartitionMetrics[];
  /** Of the sinks at the ends of its chain. */
  readonly sinks: readonly SinkMetrics[];
}

/** How far a source has come in one partition. */
export interface PartitionMetrics {
  readonly topic: string;
  readonly partition: number;
  /** The last offset read, of a record or a marker; -1 before the first of an untouched partition. */
  readonly currentOffset: number;
  /** Offsets from there to the end as last heard of; undefined before the log has told. */
  readonly recordsLag: number | undefined;
  /** How often its position was not in the log and reading went on elsewhere, since the attempt began. */
  readonly offsetResets: number;
}

/** Totals of a sink's writer since its attempt began. */
export interface SinkMetrics extends SinkWriterMetrics {
  readonly operatorUid: OperatorUid;
}

export interface SinkWriterMetrics {
  readonly numRecordsSend: number;
  /** Keys, values and headers, before compression. */
  readonly numBytesSend: number;
  /** Prepared transactions that are to be committed, and those that were. */
  readonly pendingCommittables: number;
  readonly successfulCommittables: number;
}
