import type { CancelTimer, Clock } from '../host/clock.js';
import { type CheckpointId, checkpointId } from '../protocol/ids.js';
import { MergePlan } from './merge-plan.js';
import type { SegmentLog } from './segment-log.js';
import type { Cell, StateBase } from './state-base.js';
import type { StateLimits } from './state-limits.js';
import type { CellExpiry } from './ttl/cell-expiry.js';
import type { ExpiredCellSweep } from './ttl/expired-cell-sweep.js';

/**
 * Brings the segments of completed checkpoints into the base, in the background, and takes out of it what
 * has expired. Invariants: nothing of an incomplete checkpoint is merged, since a restore could not take it out
 * again; and a merge that is cut short does no harm, since until its last transaction the progress stays, and a
 * restore lays all its segments over the base once more.
 */
export class SegmentMerger {
  private readonly options: SegmentMergerOptions;
  private completedThrough: CheckpointId;
  private isRunning = false;
  private isClosed = false;
  private failure: Error | undefined;
  private lastBeganAtMs = Number.NEGATIVE_INFINITY;
  /** Cells expire without anything being changed: each checkpoint is an occasion to look for them. */
  private isSweepWanted = false;
  /** Stored cells still to be looked at, for what was merged so far. */
  private sweepCellsLeft = 0;
  private cancelTimer: CancelTimer | undefined;
  private running: Promise<void> = Promise.resolve();
  private waiting: (() => void)[] = [];

  constructor(options: SegmentMergerOptions, completedThrough: CheckpointId) {
    this.options = options;
    this.completedThrough = completedThrough;
    this.schedule();
  }

  notifyCheckpointComplete(id: CheckpointId): void {
    if (id <= this.completedThrough) return;
    this.completedThrough = id;
    this.isSweepWanted = this.options.sweep.isNeeded;
    this.schedule();
  }

  /** Resolves when what completed checkpoints left unmerged is within its bound (or merging has ended). */
  async whenWithinBound(): Promise<void> {
    while (
      !this.isClosed &&
      this.failure === undefined &&
      this.backlogBytes() > this.options.limits.unmergedBytesMax
    ) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Ends after the transaction in flight. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelTimer?.();
    this.wake();
    await this.running;
  }

  private backlogBytes(): number {
    return this.options.log.bytesThrough(this.completedThrough);
  }

  private schedule(): void {
    if (this.isRunning || this.isClosed || this.failure !== undefined) return;
    const backlog = this.backlogBytes();
    if (backlog === 0 && !this.isSweepWanted) return;
    const { clock, limits, log } = this.options;
    const isLarge =
      backlog > limits.mergeEagerlyAboveBytes || log.segments.length > limits.mergeEagerlyAboveSegments;
    this.cancelTimer?.();
    const dueInMs = this.lastBeganAtMs + limits.mergeIntervalMs - clock.monotonicMs();
    const delayMs = isLarge ? 0 : Math.max(0, dueInMs);
    this.cancelTimer = clock.setTimer(delayMs, () => {
      this.running = this.run();
    });
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    this.isSweepWanted = false;
    this.lastBeganAtMs = this.options.clock.monotonicMs();
    try {
      const timedCells = await this.mergeThrough(this.completedThrough);
      this.wake();
      if (this.options.sweep.isNeeded) await this.sweepExpired(timedCells);
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      if (!this.isClosed) this.options.onFailure(this.failure);
    }
    this.isRunning = false;
    this.wake();
    this.schedule();
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Returns how many of the cells merged may expire. */
  private async mergeThrough(target: CheckpointId): Promise<number> {
    const { base, log, limits, expiry } = this.options;
    const segments = log.segments.filter(({ ref }) => ref.checkpointId <= target);
    const last = segments[segments.length - 1];
    if (last === undefined) return 0;
    const through = checkpointId(last.ref.checkpointId);
    const { mergedThrough, mergingThrough } = base.progress;
    const begun = { mergedThrough, mergingThrough: through };
    const done = { mergedThrough: through, mergingThrough: through };
    const touched = segments.filter(({ ref }) => ref.checkpointId <= mergingThrough);
    const plan = new MergePlan(
      segments.map(({ segment }) => segment),
      touched.length,
      expiry,
    );
    let timedCells = 0;
    while (plan.collect(limits.mergeCollectCells)) {
      await this.pause();
      if (this.isClosed) return timedCells;
    }
    for (;;) {
      const batch = plan.nextBatch(limits.mergeTransactionCellsMax, limits.mergeTransactionBytesMax);
      for (const { key } of batch) if (expiry.isTimed(key)) timedCells += 1;
      await base.applyMerge(batch, plan.isExhausted() ? done : begun);
      if (plan.isExhausted()) break;
      await this.pause();
      if (this.isClosed) return timedCells;
    }
    log.removeThrough(through);
    this.options.onMerged(through);
    return timedCells;
  }

  /**
   * Removes what the base holds of expired cells, a part of the round in proportion to what came in. When the
   * next merge is pressing, the rest of that part is left for later.
   */
  private async sweepExpired(timedCells: number): Promise<void> {
    const { base, sweep, limits } = this.options;
    this.sweepCellsLeft += limits.sweepCellsMin + timedCells * limits.sweepCellsPerTimedCell;
    let looked = 0;
    while (this.sweepCellsLeft > 0 && !this.isClosed) {
      if (looked >= limits.sweepCellsMin && this.backlogBytes() > limits.mergeEagerlyAboveBytes) return;
      const page = sweep.nextPage();
      looked += page.looked;
      // More than one round is of no use to anyone.
      this.sweepCellsLeft = page.isLast ? 0 : this.sweepCellsLeft - page.looked;
      if (page.expired.length > 0) {
        await base.applyMerge(
          page.expired.map(({ key }) => ({ key, value: undefined })),
          base.progress,
        );
        this.options.onExpired(page.expired);
      }
      if (page.looked > 0) await this.pause();
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      this.options.clock.setTimer(this.options.limits.mergePauseMs, resolve);
    });
  }
}

export interface SegmentMergerOptions {
  readonly base: StateBase;
  readonly log: SegmentLog;
  readonly clock: Clock;
  readonly limits: StateLimits;
  /** Everything up to this checkpoint is durable in the base. */
  readonly onMerged: (through: CheckpointId) => void;
  /** These cells were over, and the base holds them no more. */
  readonly onExpired: (cells: readonly Cell[]) => void;
  readonly onFailure: (error: Error) => void;
  readonly expiry: CellExpiry;
  readonly sweep: ExpiredCellSweep;
}
