import type { OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { OutputAvailability } from '../exchange/output-availability.js';
import type { CurrentOrigin } from '../exchange/record-origin.js';
import type { Clock } from '../host/clock.js';
import type { LogClient } from '../log/log-port.js';
import type {
  CheckpointId,
  ExecutionAttempt,
  KeyGroupRange,
  OperatorUid,
  SubtaskIndex,
} from '../protocol/ids.js';
import type { SinkWriterMetrics } from '../protocol/messages.js';
import type { KeyedStateBackend } from '../state/keyed-state-backend.js';
import type { OperatorStateStore } from '../state/operator-state-store.js';
import type { ChainFailure } from './chain-failure.js';

/**
 * One operator of one subtask, called by its chain, always from the same thread and never re-entered.
 * Between `open` and `close` it sees: elements, watermarks and barriers in the order of the stream.
 */
export interface StreamOperator<In> {
  /** Elements that came too late for all of their windows, since the attempt began. */
  readonly numLateRecordsDropped: number;
  /** Of a sink that writes to the outside. */
  sinkMetrics?(): SinkWriterMetrics | undefined;
  /** Before the first element, downstream operators first. State is restored by then. */
  open(): void;
  /** Of a two-input operator, `input` is 0 or 1; otherwise 0. */
  processElement(value: In, timestamp: number, input: number): void;
  /** Event time has reached `timestamp`: fires what is due, then forwards the watermark (last). */
  processWatermark(timestamp: number): void;
  processWatermarkStatus(idle: boolean): void;
  /**
   * Goes on with an emission that was suspended because the output filled up; true when none is left. The
   * chain gives no new element, watermark or barrier to an operator before it answered true.
   */
  resume(): boolean;
  /** All input has ended: emit what is left. Called once, before end-of-input is forwarded. */
  endInput(): void;
  /**
   * The barrier has arrived. Takes what belongs to the checkpoint before it returns; the promise resolves
   * when that is durable (or, for a sink, when its transaction is prepared).
   */
  snapshot(checkpointId: CheckpointId): Promise<OperatorSnapshot>;
  notifyCheckpointComplete(checkpointId: CheckpointId): void;
  notifyCheckpointAborted(checkpointId: CheckpointId): void;
  /** Ends everything it started; resolves when nothing of it runs any more. */
  close(): Promise<void>;
}

/** Where an operator's results go: to the next one in the chain, or into channels. */
export interface Output<Out> {
  collect(value: Out, timestamp: number): void;
  /** To a side output, named by its tag. */
  collectSide(tag: string, value: unknown, timestamp: number): void;
  emitWatermark(timestamp: number): void;
  emitWatermarkStatus(idle: boolean): void;
}

/** What the runtime gives an operator. */
export interface OperatorContext<Out> {
  readonly uid: OperatorUid;
  /** For people, in errors and metrics. */
  readonly name: string;
  readonly subtaskIndex: SubtaskIndex;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly attempt: ExecutionAttempt;
  readonly keyGroupRange: KeyGroupRange;
  readonly output: Output<Out>;
  /** The chain's first error; an operator whose user function returned checks it, see ChainFailure. */
  readonly failure: ChainFailure;
  /** False when an emitting loop should stop at the next record and return from `resume` later. */
  readonly availability: OutputAvailability;
  /** Of the element being processed: an operator that goes on with one in `resume` sets its origin again, and clears it. */
  readonly origin: CurrentOrigin;
  /** Of a keyed operator; undefined elsewhere. */
  readonly keyedState: KeyedStateBackend | undefined;
  /** What the operator's function keeps beside the keys; restored, and in each snapshot of its own accord. */
  readonly operatorState: OperatorStateStore;
  /** This operator's own part of the restored checkpoint; its list state is already redistributed to this subtask. */
  readonly restored: OperatorSnapshot | undefined;
  readonly clock: Clock;
  /** The slot's log client, opened on first use. */
  log(): Promise<LogClient>;
  /** Runs an action on this thread between elements, when nothing in the chain is suspended; wakes the task. */
  execute(action: () => void): void;
  /** Asks the task to call `resume` in its next step: results have come from outside of a call (async I/O). */
  requestResume(): void;
  /** Ends the attempt. For errors that happen outside of a call (background writes, connections). */
  fail(error: unknown): void;
}
