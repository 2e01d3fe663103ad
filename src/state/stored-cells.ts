import type { Segment } from './delta-segment.js';
import { SegmentIndex } from './segment-index.js';
import type { Cell, StateBase } from './state-base.js';

/**
 * What a cache miss reads: the base, under the restored segments that are not merged into it yet. Segments
 * taken since then need no place here, as their entries stay in the cache until they are merged.
 */
export class StoredCells {
  private readonly base: StateBase;
  private staged: SegmentIndex | undefined;
  /** Staged cells by the key group and state that their keys begin with, each list sorted when it is needed. */
  private stagedRanges: Map<number, StagedRange> | undefined;

  /** @param restored oldest first. */
  constructor(base: StateBase, restored: readonly Segment[]) {
    this.base = base;
    if (restored.length === 0) return;
    this.staged = new SegmentIndex(restored);
    this.staged.addMore(Number.POSITIVE_INFINITY);
  }

  /** All of the restored segments is now in the base. */
  dropStaged(): void {
    this.staged = undefined;
    this.stagedRanges = undefined;
  }

  /** False only when there is certainly nothing to read. */
  mayHoldCells(): boolean {
    return this.staged !== undefined || this.base.mayHoldCells();
  }

  get(cellKey: Buffer): Buffer | undefined {
    const staged = this.staged?.find(cellKey) ?? -1;
    return staged === -1 ? this.base.get(cellKey) : this.staged?.value(staged);
  }

  /**
   * A page of the cells from `from` (inclusive) to `to` (exclusive), of about `limit`, in key order; all within
   * one state of one key group.
   */
  scan(from: Buffer, to: Buffer, limit: number): CellPage {
    const cells = this.base.mayHoldCells() ? this.base.scan(from, to, limit) : [];
    const last = cells.length < limit ? undefined : cells[cells.length - 1];
    const next = last === undefined ? undefined : Buffer.concat([last.key, successorSuffix]);
    return {
      cells: this.staged === undefined ? cells : this.overlay(this.staged, cells, from, next ?? to),
      next,
    };
  }

  private overlay(staged: SegmentIndex, baseCells: readonly Cell[], from: Buffer, to: Buffer): Cell[] {
    const result: Cell[] = [];
    const sorted = this.sortedRange(staged, from.readUInt32BE(0));
    let at = firstAtLeast(staged, sorted, from);
    const end = firstAtLeast(staged, sorted, to);
    const takeStaged = (): void => {
      const cell = sorted[at++]!;
      const value = staged.value(cell);
      if (value !== undefined) result.push({ key: staged.key(cell), value });
    };
    for (const cell of baseCells) {
      while (at < end && Buffer.compare(staged.key(sorted[at]!), cell.key) < 0) takeStaged();
      if (at < end && staged.key(sorted[at]!).equals(cell.key)) takeStaged();
      else result.push(cell);
    }
    while (at < end) takeStaged();
    return result;
  }

  private sortedRange(staged: SegmentIndex, prefix: number): readonly number[] {
    this.stagedRanges ??= groupByPrefix(staged);
    const range = this.stagedRanges.get(prefix);
    if (range === undefined) return [];
    if (!range.isSorted) range.cells.sort((a, b) => staged.compare(a, b));
    range.isSorted = true;
    return range.cells;
  }
}

interface StagedRange {
  readonly cells: number[];
  isSorted: boolean;
}

function groupByPrefix(staged: SegmentIndex): Map<number, StagedRange> {
  const ranges = new Map<number, StagedRange>();
  for (let cell = 0; cell < staged.size; cell++) {
    const prefix = staged.keyPrefix(cell);
    const range = ranges.get(prefix);
    if (range === undefined) ranges.set(prefix, { cells: [cell], isSorted: false });
    else range.cells.push(cell);
  }
  return ranges;
}

export interface CellPage {
  readonly cells: readonly Cell[];
  /** Where the next page begins; undefined after the last one. A page may be empty and not the last. */
  readonly next: Buffer | undefined;
}

/** Appended to a key it gives the next possible one. */
const successorSuffix = Buffer.from([0]);

/** The first place in `sorted` of a cell whose key is not before `key`. */
function firstAtLeast(staged: SegmentIndex, sorted: readonly number[], key: Buffer): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(staged.key(sorted[middle]!), key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
