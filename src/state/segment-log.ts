import type { Clock } from '../host/clock.js';
import type { Files } from '../host/files.js';
import { MillraceError } from '../protocol/failures.js';
import type { CheckpointId } from '../protocol/ids.js';
import type { Segment, SegmentHeader } from './delta-segment.js';
import type { SegmentRef } from './keyed-state-backend.js';
import type { StateLimits } from './state-limits.js';

/**
 * The segments of one operator that are not known to be in the base, oldest first, and their files.
 * Invariant: `append` resolves only when this segment and every earlier one is durable. The dirty flags of
 * what an earlier one holds are cleared, so a checkpoint that went ahead without it would lose its changes.
 */
export class SegmentLog {
  private readonly options: SegmentLogOptions;
  private staged: StagedSegment[] = [];
  private durable: Promise<void> = Promise.resolve();
  private removals: Promise<unknown> = Promise.resolve();
  private isClosed = false;

  constructor(options: SegmentLogOptions, restored: readonly StagedSegment[]) {
    this.options = options;
    this.staged = [...restored];
  }

  /** Writes behind all earlier ones; the bytes are kept until they are merged. */
  append(header: SegmentHeader, segment: Segment): Promise<void> {
    const { attempt, checkpointId } = header;
    const ref = { attempt, checkpointId, crc32c: segment.crc32c, bytes: segment.bytes.length };
    this.staged.push({ ref, segment });
    // After a failure the chain stays rejected: no later segment may count as durable without this one.
    this.durable = this.durable.then(() => this.write(ref, segment));
    this.durable.catch(() => undefined);
    return this.durable;
  }

  /** Resolves when all that was appended is durable. */
  whenDurable(): Promise<void> {
    return this.durable;
  }

  get segments(): readonly StagedSegment[] {
    return this.staged;
  }

  refs(): SegmentRef[] {
    return this.staged.map(({ ref }) => ref);
  }

  cellsStaged(): number {
    return this.staged.reduce((sum, { segment }) => sum + segment.cellCount, 0);
  }

  bytesThrough(checkpointId: CheckpointId): number {
    let sum = 0;
    for (const { ref } of this.staged) if (ref.checkpointId <= checkpointId) sum += ref.bytes;
    return sum;
  }

  /** They are merged and durable in the base: their bytes and files go. */
  removeThrough(checkpointId: CheckpointId): void {
    const merged = this.staged.filter(({ ref }) => ref.checkpointId <= checkpointId);
    this.staged = this.staged.filter(({ ref }) => ref.checkpointId > checkpointId);
    const { files, folder } = this.options;
    for (const { ref } of merged) {
      // One after another: all at once, they would keep the next segment's fsync waiting. A file that can't be
      // removed does no harm; the next restore, which has no use for it, tries again.
      this.removals = this.removals.then(() => files.remove(segmentPath(folder, ref))).catch(() => undefined);
    }
  }

  /** Waits for what is in flight; nothing is retried any more. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.durable.catch(() => undefined);
    await this.removals;
  }

  private async write(ref: SegmentRef, segment: Segment): Promise<void> {
    const { files, folder, clock, limits } = this.options;
    const path = segmentPath(folder, ref);
    for (let attempt = 1; ; attempt++) {
      try {
        // A torn file of the try before would be in the way.
        if (attempt > 1) await files.remove(path);
        await files.writeNew(path, segment.bytes);
        return;
      } catch (cause) {
        if (attempt >= limits.segmentWriteAttemptsMax || this.isClosed)
          throw this.failure(path, attempt, cause);
        const delayMs = limits.segmentWriteRetryMs * 2 ** (attempt - 1);
        await new Promise<void>((resolve) => clock.setTimer(delayMs, resolve));
      }
    }
  }

  private failure(path: string, attempts: number, cause: unknown): MillraceError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = new MillraceError(
      `The state of ${this.options.owner} could not be written to ${path} in ${attempts} tries: ${reason} The job restarts from its last checkpoint, and nothing is lost.`,
      { domain: 'outside-system', action: 'restart', cause },
    );
    if (!this.isClosed) this.options.onFailure(error);
    return error;
  }
}

/** In a segment file and in memory, on its way to the base. */
export interface StagedSegment {
  readonly ref: SegmentRef;
  readonly segment: Segment;
}

export interface SegmentLogOptions {
  readonly files: Files;
  readonly folder: string;
  readonly clock: Clock;
  readonly limits: StateLimits;
  /** For errors: which operator. */
  readonly owner: string;
  readonly onFailure: (error: Error) => void;
}

export function segmentPath(folder: string, ref: Pick<SegmentRef, 'attempt' | 'checkpointId'>): string {
  return `${folder}/${segmentFileName(ref)}`;
}

/** Attempts and checkpoint ids are never reused, so no other file ever has this name. */
export function segmentFileName(ref: Pick<SegmentRef, 'attempt' | 'checkpointId'>): string {
  return `${ref.checkpointId}-${ref.attempt}.segment`;
}
