import type { WatermarkAlignment } from '../api/watermark-alignment.js';
import type { CancelTimer, Clock } from '../host/clock.js';
import type { SplitId } from '../protocol/ids.js';
import { MAX_WATERMARK, MIN_WATERMARK } from '../protocol/stream-elements.js';
import type { SourceReader } from '../sources/source.js';
import type { SplitWatermarks } from '../sources/split-watermarks.js';

/**
 * A source subtask's part in the alignment of its group: it tells its watermark each so often, and lets the
 * splits wait that are beyond what it may reach. Invariant: a split waits by its own watermark, not by the
 * subtask's: the slowest split, for which the others wait, is always read.
 */
export class AlignedSplits {
  /** Nothing is to be read: the reader can't let single splits wait, and all of them are too far ahead. */
  isHeld = false;
  private readonly options: AlignedSplitsOptions;
  /** Until the first answer nothing is known of the others, and nobody may run ahead. */
  private maxWatermark = MIN_WATERMARK;
  private paused: ReadonlySet<SplitId> = new Set();
  /** What the JobManager was told last. */
  private told = MIN_WATERMARK;
  private cancelTimer: CancelTimer | undefined;

  constructor(options: AlignedSplitsOptions) {
    this.options = options;
  }

  /** Once answers can be heard. */
  begin(): void {
    this.tell(this.ownWatermark());
    this.scheduleReport();
  }

  /** What the JobManager has answered. */
  onMaxWatermark(maxWatermark: number): void {
    this.maxWatermark = maxWatermark;
    this.update();
  }

  /** After records were emitted, and when the limit has moved. */
  update(): void {
    const { watermarks, reader, wake } = this.options;
    // Before its first watermark the group knows only that it must wait, and that is to be short.
    if (this.told === MIN_WATERMARK && this.ownWatermark() > MIN_WATERMARK) this.tell(this.ownWatermark());
    const beyond = watermarks.splitsBeyond(this.maxWatermark);
    if (isSame(beyond, this.paused)) return;
    const isAnyFreed = [...this.paused].some((split) => !beyond.has(split));
    this.paused = beyond;
    if (reader.pauseSplits !== undefined) reader.pauseSplits(beyond);
    else this.isHeld = beyond.size > 0 && beyond.size === watermarks.unfinishedSplits;
    if (isAnyFreed) wake();
  }

  /** The group waits for this subtask no longer. */
  end(): void {
    this.close();
    this.tell(MAX_WATERMARK);
  }

  close(): void {
    this.cancelTimer?.();
  }

  private ownWatermark(): number {
    const { watermarks } = this.options;
    return watermarks.isIdle ? MAX_WATERMARK : watermarks.combined();
  }

  private tell(watermark: number): void {
    this.told = watermark;
    this.options.tell(watermark);
  }

  private scheduleReport(): void {
    const { clock, alignment } = this.options;
    this.cancelTimer = clock.setTimer(alignment.updateIntervalMs, () => {
      this.tell(this.ownWatermark());
      this.scheduleReport();
    });
  }
}

export interface AlignedSplitsOptions {
  readonly alignment: WatermarkAlignment;
  readonly watermarks: SplitWatermarks;
  readonly reader: SourceReader;
  readonly clock: Clock;
  /** To the JobManager, which answers with how far this subtask may go. */
  readonly tell: (watermark: number) => void;
  /** There is something to read again. */
  readonly wake: () => void;
}

function isSame(a: ReadonlySet<SplitId>, b: ReadonlySet<SplitId>): boolean {
  if (a.size !== b.size) return false;
  for (const split of a) if (!b.has(split)) return false;
  return true;
}
