import type { LogBatch, LogReader } from '../log/log-port.js';
import type { SplitId } from '../protocol/ids.js';
import { logSplitId } from './log-split.js';
import type { LogSplitReader } from './log-split-reader.js';

/**
 * The batches of a log reader in the order in which they are to be emitted, those of paused splits left out.
 * Invariant: a split's batches keep their order, whenever it is paused; otherwise its position would pass over
 * records that were not emitted.
 *
 * What waits counts for its partition's share of the prefetch budget, so that no more than that is ever read of a
 * split which is paused.
 */
export class LogBatches {
  private readonly splits: ReadonlyMap<SplitId, LogSplitReader>;
  private paused: ReadonlySet<SplitId> = new Set();
  /** Of all splits. */
  private waitingCount = 0;

  constructor(splits: ReadonlyMap<SplitId, LogSplitReader>) {
    this.splits = splits;
  }

  /** In place of those paused before. */
  pause(paused: ReadonlySet<SplitId>): void {
    this.paused = paused;
  }

  isPaused(split: LogSplitReader): boolean {
    return this.paused.has(split.output.splitId);
  }

  /** Undefined while there is nothing to emit. */
  next(reader: LogReader): BatchOfSplit | undefined {
    return this.takeWaiting() ?? this.poll(reader);
  }

  /** For a batch that was not used up when its split was paused. */
  putBack({ batch, split }: BatchOfSplit): void {
    split.waiting.unshift(batch);
    this.waitingCount += 1;
  }

  /** Gives up what waits. */
  release(): void {
    for (const { waiting } of this.splits.values()) for (const batch of waiting.splice(0)) batch.release();
    this.waitingCount = 0;
  }

  /** Before anything newer: the oldest batch of a split that is not paused any more. */
  private takeWaiting(): BatchOfSplit | undefined {
    if (this.waitingCount === 0) return undefined;
    for (const split of this.splits.values()) {
      if (this.isPaused(split)) continue;
      const batch = split.waiting.shift();
      if (batch === undefined) continue;
      this.waitingCount -= 1;
      return { batch, split };
    }
    return undefined;
  }

  private poll(reader: LogReader): BatchOfSplit | undefined {
    for (;;) {
      const batch = reader.poll();
      if (batch === undefined) return undefined;
      const split = this.splits.get(logSplitId(batch));
      if (split === undefined) {
        throw new Error(`The log gave a batch of ${logSplitId(batch)}, which was not asked for.`);
      }
      if (!this.isPaused(split)) return { batch, split };
      // Behind those that wait already.
      split.waiting.push(batch);
      this.waitingCount += 1;
    }
  }
}

export interface BatchOfSplit {
  readonly batch: LogBatch;
  readonly split: LogSplitReader;
}
