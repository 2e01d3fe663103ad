import type { OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { CheckpointId } from '../protocol/ids.js';
import type { SinkWriterMetrics } from '../protocol/messages.js';
import type { Sink, SinkWriter } from '../sinks/sink.js';
import { AbstractStreamOperator } from './abstract-stream-operator.js';
import type { OperatorContext } from './stream-operator.js';

/** The end of a chain: hands elements to a sink's writer and lets it take part in checkpoints. */
export class SinkOperator<T> extends AbstractStreamOperator<T, never> {
  private readonly writer: SinkWriter<T>;
  /** Set while `prepare` runs, which is when a writer reports. */
  private preparing: CheckpointId | undefined;

  constructor(
    sink: Sink<T>,
    report: (checkpointId: CheckpointId, value: unknown) => void,
    context: OperatorContext<never>,
  ) {
    super(context);
    this.writer = sink.createWriter({
      operatorName: context.name,
      subtaskIndex: context.subtaskIndex,
      parallelism: context.parallelism,
      attempt: context.attempt,
      restoredCommittables: context.restored?.committables ?? [],
      availability: context.availability,
      clock: context.clock,
      log: () => context.log(),
      fail: (error) => context.fail(error),
      report: (value) => {
        if (this.preparing === undefined) {
          throw new Error(`Sink "${context.name}" reported a value outside of prepare().`);
        }
        report(this.preparing, value);
      },
    });
  }

  processElement(value: T, timestamp: number): void {
    try {
      this.writer.write(value, timestamp);
    } catch (error) {
      throw this.failed(error, 'The sink');
    }
  }

  override endInput(): void {
    this.writer.endInput?.();
  }

  override async snapshot(checkpointId: CheckpointId): Promise<OperatorSnapshot> {
    this.preparing = checkpointId;
    const prepared = this.writer.prepare(checkpointId);
    this.preparing = undefined;
    const committables = await prepared;
    const listState = this.writer.ownCommittables?.() ?? [];
    return { committables, ...(listState.length === 0 ? {} : { listState }), stateBytes: 0 };
  }

  override notifyCheckpointComplete(checkpointId: CheckpointId): void {
    this.writer.notifyCheckpointComplete(checkpointId);
  }

  override notifyCheckpointAborted(checkpointId: CheckpointId): void {
    this.writer.notifyCheckpointAborted(checkpointId);
  }

  sinkMetrics(): SinkWriterMetrics | undefined {
    return this.writer.metrics?.();
  }

  override close(): Promise<void> {
    return this.writer.close();
  }
}
