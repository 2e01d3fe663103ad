import type { WatermarkRule } from '../api/watermarks.js';
import type { SplitId } from '../protocol/ids.js';
import { MIN_WATERMARK } from '../protocol/stream-elements.js';
import type { SplitOutput } from './source.js';
import { SplitEventTime } from './split-event-time.js';
import type { SplitWatermarkState } from './split-watermark-state.js';

/**
 * The event time of one source subtask: the minimum over its splits, so that a partition that is read
 * ahead of the others does not make their records late. Invariants: the combined watermark never falls,
 * not over a restore either (else a record that was late before a failure would not be late after it); a
 * finished split leaves the minimum; an idle one leaves it until its next record.
 *
 * A split is idle when it has been caught up with the end of its input for the idle time-out. Time in which
 * the subtask was held back by backpressure does not count: then nothing was fetched, and "caught up" is
 * old knowledge.
 */
export class SplitWatermarks {
  private readonly splits = new Map<SplitId, SplitEventTime>();
  private readonly rule: WatermarkRule<unknown>;
  private readonly idleTimeoutMs: number;
  private lastCombined = MIN_WATERMARK;
  private lastTickMs: number | undefined;
  private wasHeldBack = false;

  /** `idleTimeoutMs` undefined: splits are never idle. */
  constructor(rule: WatermarkRule<unknown>, idleTimeoutMs: number | undefined) {
    this.rule = rule;
    this.idleTimeoutMs = idleTimeoutMs ?? Number.POSITIVE_INFINITY;
  }

  /** The combined watermark that the restored checkpoint holds; before the first `combined()`. */
  restoreCombined(watermark: number): void {
    this.lastCombined = Math.max(this.lastCombined, watermark);
  }

  /**
   * @param place see `Source.describePlace`.
   * @param restored what `snapshot` gave for this split, wherever it was read before.
   */
  register(splitId: SplitId, place: string, restored: SplitWatermarkState | undefined): SplitOutput {
    if (this.splits.has(splitId)) throw new Error(`Split ${splitId} is registered twice.`);
    const split = new SplitEventTime(splitId, place, this.rule, restored);
    this.splits.set(splitId, split);
    return split;
  }

  outputOf(splitId: SplitId): SplitOutput {
    const split = this.splits.get(splitId);
    if (split === undefined) throw new Error(`Split ${splitId} is not registered.`);
    return split;
  }

  /** Per record: `timestamp` is the one assigned, or NO_TIMESTAMP. */
  onRecord(split: SplitOutput, timestamp: number): void {
    const eventTime = split as SplitEventTime;
    if (timestamp > eventTime.maxTimestamp) eventTime.maxTimestamp = timestamp;
    eventTime.hadRecords = true;
    eventTime.isIdle = false;
  }

  /**
   * Shows an element to the split's generator, after it was emitted.
   * @returns whether a watermark is due right behind it.
   */
  onEvent(split: SplitOutput, value: unknown, timestamp: number): boolean {
    return (split as SplitEventTime).onEvent(value, timestamp);
  }

  /** Lets generators emit what goes by time alone; call it before `combined()`, each so often. */
  onPeriodicEmit(): void {
    if (this.rule.kind !== 'generator') return;
    for (const split of this.splits.values()) if (!split.isFinished) split.onPeriodicEmit();
  }

  /** The unfinished splits whose own watermark is beyond this one. */
  splitsBeyond(watermark: number): Set<SplitId> {
    const beyond = new Set<SplitId>();
    for (const split of this.splits.values()) {
      if (!split.isFinished && split.watermark > watermark) beyond.add(split.splitId);
    }
    return beyond;
  }

  get unfinishedSplits(): number {
    let count = 0;
    for (const split of this.splits.values()) if (!split.isFinished) count += 1;
    return count;
  }

  finishSplit(split: SplitOutput): void {
    (split as SplitEventTime).isFinished = true;
  }

  /**
   * Lets `nowMs` (monotonic) pass for idleness; call it some times per idle time-out.
   * @param isHeldBack whether the subtask can't emit now.
   * @param isCaughtUp the reader's answer.
   */
  onTick(nowMs: number, isHeldBack: boolean, isCaughtUp: (splitId: SplitId) => boolean): void {
    const elapsedMs = nowMs - (this.lastTickMs ?? nowMs);
    this.lastTickMs = nowMs;
    // Of the time in between nothing is known but its two ends.
    const mayCount = !isHeldBack && !this.wasHeldBack;
    this.wasHeldBack = isHeldBack;
    for (const split of this.splits.values()) {
      if (split.hadRecords || !isCaughtUp(split.splitId)) {
        split.hadRecords = false;
        split.isIdle = false;
        split.caughtUpForMs = 0;
      } else if (mayCount) {
        split.caughtUpForMs += elapsedMs;
        if (split.caughtUpForMs >= this.idleTimeoutMs) split.isIdle = true;
      }
    }
  }

  /** The subtask's watermark, never falling; MIN_WATERMARK before every active split has one, or without a strategy. */
  combined(): number {
    if (this.rule.kind === 'none') return this.lastCombined;
    let minimum: number | undefined;
    for (const split of this.splits.values()) {
      if (split.isFinished || split.isIdle) continue;
      const { watermark } = split;
      if (minimum === undefined || watermark < minimum) minimum = watermark;
    }
    // With no active split nothing moves: the end of the input brings the last watermark, idleness none.
    if (minimum !== undefined && minimum > this.lastCombined) this.lastCombined = minimum;
    return this.lastCombined;
  }

  /** Whether every unfinished split is idle, or there is none: the subtask's channels are idle then. */
  get isIdle(): boolean {
    for (const split of this.splits.values()) {
      if (!split.isFinished && !split.isIdle) return false;
    }
    return true;
  }

  /** What the checkpoint keeps of a split, beside its position. */
  snapshot(splitId: SplitId): SplitWatermarkState {
    return (this.outputOf(splitId) as SplitEventTime).snapshot();
  }
}
