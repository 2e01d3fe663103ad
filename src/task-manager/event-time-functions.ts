import { assignTimestamp, type WatermarkStrategy } from '../api/watermarks.js';
import { MillraceError } from '../protocol/failures.js';
import type { SubtaskIndex } from '../protocol/ids.js';
import type { SplitOutput } from '../sources/source.js';
import type { SplitWatermarks } from '../sources/split-watermarks.js';

/** Calls what a job says of a source's event time, and names the source in what that throws. */
export class EventTimeFunctions {
  /** Whether there are generators, to which elements are shown. */
  readonly hasGenerators: boolean;
  private readonly strategy: WatermarkStrategy<unknown>;
  private readonly watermarks: SplitWatermarks;
  private readonly source: string;

  constructor(
    strategy: WatermarkStrategy<unknown>,
    watermarks: SplitWatermarks,
    sourceName: string,
    subtask: SubtaskIndex,
  ) {
    this.strategy = strategy;
    this.watermarks = watermarks;
    this.hasGenerators = strategy.kind === 'generator';
    this.source = `source "${sourceName}" (subtask ${subtask})`;
  }

  timestampOf(value: unknown, recordTimestamp: number): number {
    try {
      return assignTimestamp(this.strategy, value, recordTimestamp);
    } catch (error) {
      throw this.failed(error, 'The timestamp function of the watermark strategy');
    }
  }

  /** Whether a watermark is due right behind the element. */
  onEvent(split: SplitOutput, value: unknown, timestamp: number): boolean {
    try {
      return this.watermarks.onEvent(split, value, timestamp);
    } catch (error) {
      throw this.failed(error, 'onEvent() of the watermark generator');
    }
  }

  onPeriodicEmit(): void {
    if (!this.hasGenerators) return;
    try {
      this.watermarks.onPeriodicEmit();
    } catch (error) {
      throw this.failed(error, 'onPeriodicEmit() of the watermark generator');
    }
  }

  private failed(error: unknown, what: string): unknown {
    if (error instanceof MillraceError) return error;
    return new MillraceError(`${what} of ${this.source} threw.`, {
      domain: 'user-code',
      action: 'restart',
      cause: error,
    });
  }
}
