import type { Segment } from './delta-segment.js';
import { SegmentIndex } from './segment-index.js';
import type { CellChange } from './state-base.js';
import type { CellExpiry } from './ttl/cell-expiry.js';

/**
 * Which cells a merge changes: each changed cell once, as its newest segment has it, in the order of their
 * keys; and those not at all that came and went since the last merge, as most windows and their timers do.
 *
 * Invariant: a cell that the base may hold is never left out, or what was removed would come back. So a mark
 * "new" counts only in segments that no merge has begun with: one that broke off may have brought the cell.
 *
 * The order is what makes merging cheap: cells in a random order touch every page of a B-tree in every
 * transaction, in their own order each page once in all.
 */
export class MergePlan {
  private readonly index: SegmentIndex;
  /** Cell numbers by key group and state, to be sorted one group at a time, so that no sort blocks the thread. */
  private groups: number[][] | undefined;
  private group: number[] = [];
  private position = 0;
  private readonly expiry: CellExpiry;
  private readonly firstUntouched: number;

  /** @param segments oldest first; from `firstUntouched` on, no merge has begun with them yet. */
  constructor(segments: readonly Segment[], firstUntouched: number, expiry: CellExpiry) {
    this.index = new SegmentIndex(segments);
    this.firstUntouched = firstUntouched;
    this.expiry = expiry;
  }

  /** Looks at up to `cells` more cells of the segments; false when it has seen all. */
  collect(cells: number): boolean {
    return this.index.addMore(cells);
  }

  /** The next changes in key order, once all are collected. */
  nextBatch(cellsMax: number, bytesMax: number): CellChange[] {
    const batch: CellChange[] = [];
    let bytes = 0;
    while (batch.length < cellsMax && bytes < bytesMax) {
      if (this.position === this.group.length && !this.nextGroup()) break;
      const cell = this.group[this.position++]!;
      const key = this.index.key(cell);
      const value = this.index.value(cell);
      // What is over by now need not come to the base, and what the base has under its key must go.
      const isExpired = value !== undefined && this.expiry.isExpired(key, value);
      const change = { key, value: isExpired ? undefined : value };
      batch.push(change);
      bytes += change.key.length + (change.value?.length ?? 0);
    }
    return batch;
  }

  /** True when `nextBatch` has given everything. */
  isExhausted(): boolean {
    return this.position === this.group.length && this.groups?.length === 0;
  }

  private nextGroup(): boolean {
    this.groups ??= this.groupCells();
    const next = this.groups.pop();
    if (next === undefined) return false;
    this.group = next.sort((a, b) => this.index.compare(a, b));
    this.position = 0;
    return true;
  }

  /** The last group first. */
  private groupCells(): number[][] {
    const groups = new Map<number, number[]>();
    for (let cell = 0; cell < this.index.size; cell++) {
      if (this.cameAndWent(cell)) continue;
      const prefix = this.index.keyPrefix(cell);
      const group = groups.get(prefix);
      if (group === undefined) groups.set(prefix, [cell]);
      else group.push(cell);
    }
    return [...groups].sort(([a], [b]) => b - a).map(([, cells]) => cells);
  }

  private cameAndWent(cell: number): boolean {
    return this.index.isRemoved(cell) && this.index.newSince(cell) >= this.firstUntouched;
  }
}
