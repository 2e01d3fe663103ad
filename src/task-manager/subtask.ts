import type { SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { OutputAvailability } from '../exchange/output-availability.js';
import type { RecordOrigin } from '../exchange/record-origin.js';
import type { Clock } from '../host/clock.js';
import { failureAtRecord } from '../operators/failure-at-record.js';
import type { CheckpointId, OperatorUid, SubtaskRef } from '../protocol/ids.js';
import type { SplitAssignment, SubtaskMetrics } from '../protocol/messages.js';
import type { OperatorChain } from './operator-chain.js';
import type { SubtaskInput } from './subtask-input.js';

/**
 * One subtask of a vertex, as one explicit machine: its input, its chain, and the order in which the two
 * may act. Invariants: nothing enters the chain while the output is unavailable or an emission is
 * suspended; a checkpoint is taken only between two elements; after its end-of-input a subtask still takes
 * part in checkpoints, until the JobManager has the last one.
 */
export class Subtask {
  readonly ref: SubtaskRef;
  private readonly options: SubtaskOptions;
  private state: SubtaskState = 'running';
  /** An operator may have something left to emit (the output was full, or it said so): ask it before anything else. */
  private maySuspend = false;
  private readonly actions: (() => void)[] = [];
  private firstRecordAtMs: number | undefined;
  private lastRecordAtMs: number | undefined;

  constructor(options: SubtaskOptions) {
    this.ref = options.ref;
    this.options = options;
  }

  /** Queues an action to run between two elements. */
  execute(action: () => void): void {
    this.actions.push(action);
    this.options.wake();
  }

  /** An operator has results that it did not emit within a call: it is resumed before anything else happens. */
  requestResume(): void {
    this.maySuspend = true;
    this.options.wake();
  }

  /**
   * Does a bounded piece of work.
   * @throws what the operators throw, with the record at which they did.
   */
  step(recordsMax: number): StepResult {
    try {
      return this.work(recordsMax);
    } catch (error) {
      throw failureAtRecord(error, this.options.origin);
    }
  }

  private work(recordsMax: number): StepResult {
    const { chain, availability } = this.options;
    if (this.maySuspend && !chain.resume()) return 'blocked';
    this.maySuspend = false;
    // How far the end of the input has got is in no snapshot: a checkpoint comes before it begins or after.
    const acted = this.state === 'ending' ? false : this.runActions();
    if (this.maySuspend) return 'blocked';
    switch (this.state) {
      case 'running':
        return availability.isAvailable ? this.processInput(recordsMax) : 'blocked';
      case 'ending':
        return this.endInput();
      case 'finished':
        return acted ? 'worked' : 'idle';
    }
  }

  /** For the source of this uid alone. */
  limitWatermark(operatorUid: OperatorUid, maxWatermark: number): void {
    this.execute(() => this.options.input.limitWatermark?.(operatorUid, maxWatermark));
  }

  /** Does nothing where the source is another subtask's. */
  addSplits(assignment: SplitAssignment): void {
    this.execute(() => this.options.input.addSplits(assignment));
  }

  triggerCheckpoint(checkpointId: CheckpointId, triggeredAtMs: number): void {
    this.execute(() => this.options.input.triggerCheckpoint(checkpointId, triggeredAtMs));
  }

  /**
   * The chain at once, also while an emission is suspended: what it waits for may be a transactional id that only this
   * notification frees.
   */
  notifyCheckpointComplete(checkpointId: CheckpointId): void {
    this.execute(() => this.options.input.checkpointComplete(checkpointId));
    try {
      this.options.chain.notifyCheckpointComplete(checkpointId);
    } catch (error) {
      this.options.fail(error);
    }
  }

  notifyCheckpointAborted(checkpointId: CheckpointId): void {
    this.execute(() => {
      this.options.input.checkpointAborted(checkpointId);
      this.options.chain.notifyCheckpointAborted(checkpointId);
    });
  }

  /** Takes this subtask's part of a checkpoint and sends the barrier on. Called by the input, between elements. */
  takeCheckpoint(checkpointId: CheckpointId, triggeredAtMs: number): void {
    const { chain, input } = this.options;
    const ofInput = input.snapshot(checkpointId);
    const ofChain = chain.snapshot(checkpointId);
    // Behind end-of-input there is nobody left to read a barrier.
    if (this.state !== 'finished') chain.broadcastEvent({ kind: 'barrier', checkpointId, triggeredAtMs });
    ofChain.then(
      (snapshots) => this.options.acknowledge(checkpointId, [...ofInput, ...snapshots]),
      (error) => this.options.fail(error),
    );
  }

  flush(): void {
    this.options.chain.flush();
  }

  get isBackPressured(): boolean {
    return this.state === 'running' && !this.options.availability.isAvailable;
  }

  metrics(): Omit<SubtaskMetrics, 'busyTimeMs' | 'backPressuredTimeMs'> {
    const { chain, input } = this.options;
    return {
      subtask: this.ref,
      numRecordsIn: input.numRecordsIn,
      firstRecordAtMs: this.firstRecordAtMs,
      lastRecordAtMs: this.lastRecordAtMs,
      numRecordsOut: chain.numRecordsOut,
      numBytesOut: chain.numBytesOut,
      numLateRecordsDropped: chain.numLateRecordsDropped,
      currentInputWatermark: input.currentInputWatermark,
      isBackPressured: this.isBackPressured,
      checkpointAlignmentTimeMs: input.alignmentTimeMs,
      ...input.sourceMetrics(),
      sinks: chain.sinkMetrics(),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.options.input.close(), this.options.chain.close()]);
  }

  private processInput(recordsMax: number): StepResult {
    const { input } = this.options;
    const before = input.numRecordsIn;
    const status = input.processNext(recordsMax);
    if (input.numRecordsIn !== before) this.noteRecords();
    if (!this.options.availability.isAvailable) this.maySuspend = true;
    if (status === 'end-of-input') {
      this.state = 'ending';
      return this.maySuspend ? 'blocked' : this.endInput();
    }
    return status === 'more-available' ? 'worked' : 'idle';
  }

  private noteRecords(): void {
    this.lastRecordAtMs = this.options.clock.epochMs();
    if (this.firstRecordAtMs !== undefined) return;
    this.firstRecordAtMs = this.lastRecordAtMs;
    this.options.onFirstRecord(this.firstRecordAtMs);
  }

  private endInput(): StepResult {
    const { chain, onFinished } = this.options;
    if (!chain.endInput()) {
      this.maySuspend = true;
      return 'blocked';
    }
    chain.broadcastEvent({ kind: 'end-of-input' });
    chain.flush();
    this.state = 'finished';
    onFinished();
    return 'worked';
  }

  private runActions(): boolean {
    const due = this.actions.splice(0);
    for (let index = 0; index < due.length; index += 1) {
      due[index]?.();
      if (!this.options.availability.isAvailable && !this.options.chain.resume()) {
        // An action's emission was suspended: the others wait, in their order, before later ones.
        this.maySuspend = true;
        this.actions.unshift(...due.slice(index + 1));
        break;
      }
    }
    return due.length > 0;
  }
}

type SubtaskState = 'running' | 'ending' | 'finished';

/** `idle`: no input is here. `blocked`: the output is full. Either way somebody will wake the task. */
export type StepResult = 'worked' | 'idle' | 'blocked';

export interface SubtaskOptions {
  readonly ref: SubtaskRef;
  readonly input: SubtaskInput;
  readonly chain: OperatorChain;
  readonly availability: OutputAvailability;
  readonly origin: RecordOrigin;
  readonly clock: Clock;
  /** Asks for a turn. */
  readonly wake: () => void;
  readonly acknowledge: (checkpointId: CheckpointId, snapshots: readonly SubtaskSnapshot[]) => void;
  readonly onFirstRecord: (atEpochMs: number) => void;
  readonly onFinished: () => void;
  readonly fail: (error: unknown) => void;
}
