import type { Segment } from './delta-segment.js';
import { SegmentCursor } from './delta-segment.js';
import type { Cell, StateBase } from './state-base.js';

/**
 * What a cache miss reads: the base, under the restored segments that are not merged into it yet. Segments
 * taken since then need no place here, as their entries stay in the cache until they are merged.
 */
export class StoredCells {
  private readonly base: StateBase;
  /** By the key's bytes as a string of as many characters; undefined for a removed cell. */
  private readonly staged = new Map<string, Buffer | undefined>();
  private sortedStagedKeys: string[] | undefined;

  constructor(base: StateBase) {
    this.base = base;
  }

  /** Lays a restored segment over what is there; oldest first. */
  stage(segment: Segment): void {
    const cursor = new SegmentCursor(segment);
    while (cursor.next()) {
      const key = cursor.bytes.latin1Slice(cursor.keyStart, cursor.keyEnd);
      const value = cursor.removed ? undefined : cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd);
      this.staged.set(key, value);
    }
    this.sortedStagedKeys = undefined;
  }

  /** Everything staged is now in the base. */
  dropStaged(): void {
    this.staged.clear();
    this.sortedStagedKeys = undefined;
  }

  /** False only when there is certainly nothing to read. */
  mayHoldCells(): boolean {
    return this.staged.size > 0 || this.base.mayHoldCells();
  }

  get(cellKey: Buffer): Buffer | undefined {
    if (this.staged.size > 0) {
      const key = cellKey.latin1Slice(0, cellKey.length);
      const value = this.staged.get(key);
      if (value !== undefined || this.staged.has(key)) return value;
    }
    return this.base.get(cellKey);
  }

  /** A page of the cells from `from` (inclusive) to `to` (exclusive), of about `limit`, in key order. */
  scan(from: Buffer, to: Buffer, limit: number): CellPage {
    const cells = this.base.mayHoldCells() ? this.base.scan(from, to, limit) : [];
    const last = cells.length < limit ? undefined : cells[cells.length - 1];
    const next = last === undefined ? undefined : Buffer.concat([last.key, successorSuffix]);
    if (this.staged.size === 0) return { cells, next };
    return { cells: this.overlay(cells, from, next ?? to), next };
  }

  private overlay(baseCells: readonly Cell[], from: Buffer, to: Buffer): Cell[] {
    const result: Cell[] = [];
    const end = to.latin1Slice(0, to.length);
    const keys = this.stagedKeys();
    let at = firstAtLeast(keys, from.latin1Slice(0, from.length));
    const takeStaged = (key: string): void => {
      const value = this.staged.get(key);
      if (value !== undefined) result.push({ key: Buffer.from(key, 'latin1'), value });
    };
    for (const cell of baseCells) {
      const key = cell.key.latin1Slice(0, cell.key.length);
      while (at < keys.length && keys[at]! < key) takeStaged(keys[at++]!);
      if (keys[at] === key) takeStaged(keys[at++]!);
      else result.push(cell);
    }
    while (at < keys.length && keys[at]! < end) takeStaged(keys[at++]!);
    return result;
  }

  private stagedKeys(): readonly string[] {
    this.sortedStagedKeys ??= [...this.staged.keys()].sort();
    return this.sortedStagedKeys;
  }
}

export interface CellPage {
  readonly cells: readonly Cell[];
  /** Where the next page begins; undefined after the last one. A page may be empty and not the last. */
  readonly next: Buffer | undefined;
}

/** Appended to a key it gives the next possible one. */
const successorSuffix = Buffer.from([0]);

function firstAtLeast(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
