import type { CheckpointedFunction } from '../api/functions.js';
import type { OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { CheckpointId } from '../protocol/ids.js';
import { assertSynchronous } from './chain-failure.js';
import type { CallGuard } from './guarded-collector.js';
import type { OperatorContext, Output, StreamOperator } from './stream-operator.js';

/** What most operators do: keep nothing, suspend nothing, pass watermarks on. */
export abstract class AbstractStreamOperator<In, Out> implements StreamOperator<In> {
  protected readonly context: OperatorContext<Out>;
  protected readonly output: Output<Out>;
  numLateRecordsDropped = 0;

  constructor(context: OperatorContext<Out>) {
    this.context = context;
    this.output = context.output;
  }

  open(): void {}

  abstract processElement(value: In, timestamp: number, input: number): void;

  processWatermark(timestamp: number): void {
    this.output.emitWatermark(timestamp);
  }

  processWatermarkStatus(idle: boolean): void {
    this.output.emitWatermarkStatus(idle);
  }

  resume(): boolean {
    return true;
  }

  endInput(): void {}

  async snapshot(_checkpointId: CheckpointId): Promise<OperatorSnapshot> {
    return { stateBytes: 0 };
  }

  notifyCheckpointComplete(_checkpointId: CheckpointId): void {}

  notifyCheckpointAborted(_checkpointId: CheckpointId): void {}

  async close(): Promise<void> {}

  /** What to throw for an error of the user's function. */
  protected failed(error: unknown, what: string): unknown {
    return this.context.failure.record(error, this.context.name, this.context.subtaskIndex, what);
  }

  /** Lets a function that is a CheckpointedFunction put what it keeps into its state, within the snapshot. */
  protected snapshotFunction(fn: object, guard: CallGuard): void {
    if (!isCheckpointed(fn)) return;
    guard.active = true;
    try {
      assertSynchronous(fn.snapshotState(), this.context.name);
    } catch (error) {
      throw this.failed(error, 'snapshotState()');
    } finally {
      guard.active = false;
    }
  }

  /** After a user's function that could emit: its own `catch` may have swallowed an error of an operator behind. */
  protected afterUserCall(result: unknown): void {
    assertSynchronous(result, this.context.name);
    if (this.context.failure.error !== undefined) throw this.context.failure.error;
  }
}

/** By its shape: it is an interface, which a class need not name. */
function isCheckpointed(fn: object): fn is CheckpointedFunction {
  return 'snapshotState' in fn && typeof fn.snapshotState === 'function';
}
