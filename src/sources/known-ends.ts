import type { CancelTimer, Clock } from '../host/clock.js';
import { LogError, type LogReader, type TopicPartition } from '../log/log-port.js';
import type { LogSplitReader } from './log-split-reader.js';

/**
 * Where the partitions of a subtask end, for its lag. A reader hears of it with what it fetches, and one that is held
 * up, by backpressure or by the alignment of watermarks, fetches nothing: the lag would stand still just when people
 * look at it. So the log is asked for the ends of those that have more to read and of which nothing new was heard.
 */
export class KnownEnds {
  private readonly options: KnownEndsOptions;
  private readonly asked = new Map<LogSplitReader, AskedEnd>();
  private cancelTimer: CancelTimer = () => {};
  private isAsking = false;

  constructor(options: KnownEndsOptions) {
    this.options = options;
    this.lookLater();
  }

  /** What the reader has heard, or what the log was asked since; undefined before either. */
  endOffset(split: LogSplitReader): number | undefined {
    const heard = this.options.reader.endOffset(split);
    const asked = this.asked.get(split);
    return asked !== undefined && asked.heard === heard ? asked.end : heard;
  }

  close(): void {
    this.cancelTimer();
  }

  private lookLater(): void {
    this.cancelTimer = this.options.clock.setTimer(lookIntervalMs, () => {
      this.lookLater();
      void this.look();
    });
  }

  /** Never rejects. */
  private async look(): Promise<void> {
    if (this.isAsking) return;
    const stale = this.staleEnds();
    if (stale.length === 0) return;
    this.isAsking = true;
    try {
      const ends = await this.options.resolveEnds(stale.map(({ split }) => split));
      for (const [i, { split, heard }] of stale.entries()) {
        this.asked.set(split, { heard, end: ends[i] ?? heard });
      }
    } catch (error) {
      // What is wrong with the log is told by the reader, as soon as it reads on.
      if (!(error instanceof LogError)) this.options.fail(error);
    } finally {
      this.isAsking = false;
    }
  }

  /** Of which the reader has heard nothing new since the last look, though there is more to read. */
  private staleEnds(): { readonly split: LogSplitReader; readonly heard: number }[] {
    const { reader, splits } = this.options;
    const stale: { split: LogSplitReader; heard: number }[] = [];
    for (const split of splits.values()) {
      const heard = reader.endOffset(split);
      if (heard === undefined || split.isAtStop || split.position >= heard) continue;
      if (this.asked.get(split)?.heard === heard) stale.push({ split, heard });
      else this.asked.set(split, { heard, end: heard });
    }
    return stale;
  }
}

interface AskedEnd {
  /** What the reader had last heard then: once it hears something else, that is newer. */
  readonly heard: number;
  readonly end: number;
}

export interface KnownEndsOptions {
  readonly reader: LogReader;
  readonly splits: ReadonlyMap<unknown, LogSplitReader>;
  readonly clock: Clock;
  /** In the partitions' order. @throws LogError */
  readonly resolveEnds: (partitions: readonly TopicPartition[]) => Promise<readonly number[]>;
  readonly fail: (error: unknown) => void;
}

/** Seldom enough to cost nothing, one request for all partitions, and within what dashboards show. */
const lookIntervalMs = 5_000;
