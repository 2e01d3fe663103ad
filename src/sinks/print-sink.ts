import { inspect } from 'node:util';
import type { OutputAvailability } from '../exchange/output-availability.js';
import { standardOutput, type TextOutput } from '../host/standard-output.js';
import type { PreparedTransaction } from '../log/log-transactions.js';
import type { Sink, SinkWriter, SinkWriterContext } from './sink.js';

export interface PrintSinkOptions {
  /** Begins each line, as `name>` or, with several subtasks, `name:subtask>`. */
  readonly name?: string;
  /** Where lines go; standard output by default. */
  readonly output?: TextOutput;
}

/**
 * Prints one line for each element. With several subtasks a line begins with its subtask's number, from 1, as
 * Flink's does. After a failure, elements since the last checkpoint are printed again.
 */
export function printSink<T>(options: PrintSinkOptions = {}): Sink<T> {
  return {
    kind: 'print-sink',
    description: options.name ?? '',
    createWriter: (context) =>
      new PrintSinkWriter<T>(context, options.name, options.output ?? standardOutput),
  };
}

class PrintSinkWriter<T> implements SinkWriter<T> {
  private readonly availability: OutputAvailability;
  private readonly output: TextOutput;
  private readonly prefix: string;
  private isHeld = false;

  constructor(context: SinkWriterContext, name: string | undefined, output: TextOutput) {
    this.availability = context.availability;
    this.output = output;
    this.prefix = linePrefix(name, context);
  }

  write(value: T): void {
    const isTaken = this.output.write(`${this.prefix}${lineOf(value)}\n`);
    if (isTaken || this.isHeld) return;
    this.isHeld = true;
    this.availability.block();
    this.output.onDrain(() => {
      this.isHeld = false;
      this.availability.unblock();
    });
  }

  async prepare(): Promise<readonly PreparedTransaction[]> {
    await this.output.flush();
    return [];
  }

  notifyCheckpointComplete(): void {}

  notifyCheckpointAborted(): void {}

  async close(): Promise<void> {
    await this.output.flush();
  }
}

function linePrefix(name: string | undefined, { parallelism, subtaskIndex }: SinkWriterContext): string {
  const subtask = parallelism > 1 ? String(subtaskIndex + 1) : '';
  const parts = [name ?? '', subtask].filter((part) => part !== '');
  return parts.length === 0 ? '' : `${parts.join(':')}> `;
}

/** Text as it is; anything else whole, on one line, whatever plain types it holds. */
function lineOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return inspect(value, {
    depth: Number.POSITIVE_INFINITY,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: null,
    maxStringLength: null,
    compact: true,
  });
}
