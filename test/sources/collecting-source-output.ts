import { OutputAvailability } from '../../src/exchange/output-availability.js';
import type { Clock } from '../../src/host/clock.js';
import type { LogClient } from '../../src/log/log-port.js';
import { type SplitId, splitId, subtaskIndex } from '../../src/protocol/ids.js';
import { MIN_WATERMARK } from '../../src/protocol/stream-elements.js';
import type { SourceOutput, SourceReaderContext, SplitOutput } from '../../src/sources/source.js';

/** Collects what a reader emits, and blocks its output after a number of records where a test says so. */
export class CollectingSourceOutput<T> implements SourceOutput<T> {
  readonly emitted: {
    readonly value: T;
    readonly timestamp: number;
    readonly splitId: SplitId;
    readonly position: number;
  }[] = [];
  readonly finished: SplitId[] = [];
  readonly aside: { readonly tag: string; readonly value: unknown }[] = [];
  readonly failures: unknown[] = [];
  readonly warnings: string[] = [];
  wakeUps = 0;
  /** Those of the splits, as they are added. */
  readonly watermarks: number[] = [];
  readonly availability = new OutputAvailability(() => {});
  /** The output blocks itself after so many more records. */
  recordsUntilBlocked = Number.POSITIVE_INFINITY;

  get values(): T[] {
    return this.emitted.map((each) => each.value);
  }

  splitOutput(id: SplitId): SplitOutput {
    const watermark = this.watermarks.shift() ?? MIN_WATERMARK;
    return { splitId: id, place: `split ${id}, position`, watermark };
  }

  collect(value: T, timestamp: number, split: SplitOutput, position: number): void {
    this.emitted.push({ value, timestamp, splitId: splitId(split.splitId), position });
    this.recordsUntilBlocked -= 1;
    if (this.recordsUntilBlocked === 0) this.availability.block();
  }

  collectSide(tag: string, value: unknown): void {
    this.aside.push({ tag, value });
    this.recordsUntilBlocked -= 1;
    if (this.recordsUntilBlocked === 0) this.availability.block();
  }

  finishSplit(split: SplitOutput): void {
    this.finished.push(split.splitId);
  }

  context(clock: Clock, log: () => Promise<LogClient>): SourceReaderContext<T> {
    return {
      operatorName: 'events',
      subtaskIndex: subtaskIndex(0),
      output: this,
      availability: this.availability,
      clock,
      log,
      onAvailable: () => {
        this.wakeUps += 1;
      },
      fail: (error) => this.failures.push(error),
      warn: (message) => this.warnings.push(message),
    };
  }
}
