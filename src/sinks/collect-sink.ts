import type { PreparedTransaction } from '../log/log-transactions.js';
import { MillraceError } from '../protocol/failures.js';
import type { Sink, SinkWriter, SinkWriterContext } from './sink.js';

/** Whoever collects more needs a log, not a test's memory. */
const valuesPerCheckpointMax = 1_000_000;

/**
 * Collects the elements in the JobManager's process, for tests: each exactly once, over restarts of the job,
 * as long as that process lives. In the order of each subtask; between subtasks there is none.
 */
export function collectSink<T>(): Sink<T> {
  return {
    kind: 'collect-sink',
    description: '',
    createWriter: (context) => new CollectSinkWriter<T>(context),
  };
}

/**
 * Exactly-once without transactions: a value is reported with the barrier behind it and delivered only when
 * that checkpoint, or a later one, is complete. What a failure throws away was never delivered, and what was
 * delivered is behind the position that a restart begins from.
 */
class CollectSinkWriter<T> implements SinkWriter<T> {
  private readonly report: (value: unknown) => void;
  private readonly operatorName: string;
  private values: T[] = [];

  constructor(context: SinkWriterContext) {
    if (context.report === undefined) {
      throw new MillraceError(
        `Sink "${context.operatorName}" collects for tests, and nobody collects in this run. Write to a topic or print instead.`,
        { domain: 'user-code', action: 'fail-job' },
      );
    }
    this.report = context.report.bind(context);
    this.operatorName = context.operatorName;
  }

  write(value: T): void {
    if (this.values.length >= valuesPerCheckpointMax) {
      throw new MillraceError(
        `Sink "${this.operatorName}" was given more than ${valuesPerCheckpointMax} elements between two checkpoints; collecting is for tests. Write to a topic instead.`,
        { domain: 'user-code', action: 'fail-job' },
      );
    }
    this.values.push(value);
  }

  async prepare(): Promise<readonly PreparedTransaction[]> {
    const values = this.values;
    this.values = [];
    // An async function runs up to its first await within the call, as `report` demands.
    for (const value of values) this.report(value);
    return [];
  }

  notifyCheckpointComplete(): void {}

  notifyCheckpointAborted(): void {}

  async close(): Promise<void> {}
}
