import { EventTimeTurns } from '../exchange/event-time-turns.js';
import type { LogBatch, LogReader } from '../log/log-port.js';
import type { SplitId } from '../protocol/ids.js';
import { logSplitId } from './log-split.js';
import type { LogSplitReader } from './log-split-reader.js';

/**
 * The batches of a log reader in the order in which they are to be emitted: its splits in turns, those left out that
 * are paused. Invariant: a split's batches keep their order, whenever it is paused; otherwise its position would pass
 * over records that were not emitted.
 *
 * What waits counts for its partition's share of the prefetch budget, so that no more than that is ever read of a
 * split which is paused, or ahead of the others.
 */
export class LogBatches {
  private readonly splits: ReadonlyMap<SplitId, LogSplitReader>;
  /** The same, by their places. */
  private order: readonly LogSplitReader[] = [];
  private paused: ReadonlySet<SplitId> = new Set();
  private readonly turns = new EventTimeTurns();

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
    this.takeFetched(reader);
    const { isReady, watermarkOf } = this;
    const place = this.turns.next({ count: this.order.length, isReady, watermarkOf });
    if (place === undefined) return undefined;
    const split = this.order[place]!;
    return { batch: split.waiting.shift()!, split };
  }

  /** For a batch that was not used up when its split was paused. */
  putBack({ batch, split }: BatchOfSplit): void {
    split.waiting.unshift(batch);
  }

  /** Gives up what waits. */
  release(): void {
    for (const { waiting } of this.splits.values()) for (const batch of waiting.splice(0)) batch.release();
  }

  private takeFetched(reader: LogReader): void {
    if (this.order.length !== this.splits.size) this.order = [...this.splits.values()];
    for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
      const split = this.splits.get(logSplitId(batch));
      if (split === undefined) {
        throw new Error(`The log gave a batch of ${logSplitId(batch)}, which was not asked for.`);
      }
      split.waiting.push(batch);
    }
  }

  private readonly isReady = (place: number): boolean => {
    const split = this.order[place]!;
    return split.waiting.length > 0 && !this.isPaused(split);
  };

  private readonly watermarkOf = (place: number): number => this.order[place]!.output.watermark;
}

export interface BatchOfSplit {
  readonly batch: LogBatch;
  readonly split: LogSplitReader;
}
