import type { OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { CheckpointId } from '../protocol/ids.js';
import type { Sink, SinkWriter } from '../sinks/sink.js';
import { AbstractStreamOperator } from './abstract-stream-operator.js';
import type { OperatorContext } from './stream-operator.js';

/** The end of a chain: hands elements to a sink's writer and lets it take part in checkpoints. */
export class SinkOperator<T> extends AbstractStreamOperator<T, never> {
  private readonly writer: SinkWriter<T>;

  constructor(sink: Sink<T>, report: (value: unknown) => void, context: OperatorContext<never>) {
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
      report,
    });
  }

  processElement(value: T, timestamp: number): void {
    try {
      this.writer.write(value, timestamp);
    } catch (error) {
      throw this.failed(error, 'The sink');
    }
  }

  override async snapshot(checkpointId: CheckpointId): Promise<OperatorSnapshot> {
    return { committables: await this.writer.prepare(checkpointId), stateBytes: 0 };
  }

  override notifyCheckpointComplete(checkpointId: CheckpointId): void {
    this.writer.notifyCheckpointComplete(checkpointId);
  }

  override notifyCheckpointAborted(checkpointId: CheckpointId): void {
    this.writer.notifyCheckpointAborted(checkpointId);
  }

  override close(): Promise<void> {
    return this.writer.close();
  }
}
