import { SegmentCursor } from './delta-segment.js';
import type { StagedSegment } from './segment-log.js';
import type { CellChange } from './state-base.js';

/**
 * Which cells a merge changes: each changed cell once, as its newest segment has it, in the order of their
 * keys. The order is what makes merging cheap: cells in a random order touch every page of a B-tree in every
 * transaction, in their own order each page once in all.
 */
export class MergePlan {
  private readonly segments: readonly StagedSegment[];
  /** By the first two bytes of the keys, their key group: sorted one at a time, so that none blocks the thread. */
  private readonly groups = new Map<number, PlannedCell[]>();
  private readonly seen = new Set<string>();
  private cursor: SegmentCursor | undefined;
  private segmentIndex: number;
  private groupOrder: number[] | undefined;
  private group: PlannedCell[] = [];
  private groupPosition = 0;

  constructor(segments: readonly StagedSegment[]) {
    this.segments = segments;
    this.segmentIndex = segments.length;
  }

  /** Looks at up to `cells` more cells of the segments, newest segment first; false when it has seen all. */
  collect(cells: number): boolean {
    for (let i = 0; i < cells; i++) {
      if (!this.cursor?.next() && !this.nextSegment()) return false;
      this.take(this.cursor!);
    }
    return true;
  }

  /** The next changes in key order, once all are collected; empty at the end. */
  nextBatch(cellsMax: number, bytesMax: number): CellChange[] {
    const batch: CellChange[] = [];
    let bytes = 0;
    while (batch.length < cellsMax && bytes < bytesMax) {
      if (this.groupPosition === this.group.length && !this.nextGroup()) break;
      const cell = this.group[this.groupPosition++]!;
      const change = this.changeOf(cell);
      batch.push(change);
      bytes += change.key.length + (change.value?.length ?? 0);
    }
    return batch;
  }

  /** True when `nextBatch` will give nothing more. */
  isExhausted(): boolean {
    return this.groupPosition === this.group.length && this.groupOrder?.length === 0;
  }

  private nextSegment(): boolean {
    while (this.segmentIndex > 0) {
      this.segmentIndex -= 1;
      this.cursor = new SegmentCursor(this.segments[this.segmentIndex]!.segment);
      if (this.cursor.next()) return true;
    }
    return false;
  }

  private take(cursor: SegmentCursor): void {
    const key = cursor.bytes.latin1Slice(cursor.keyStart, cursor.keyEnd);
    // No key is twice in one segment, so with a single one there is nothing to compare.
    if (this.segments.length > 1) {
      if (this.seen.has(key)) return;
      this.seen.add(key);
    }
    const groupNumber = cursor.bytes.readUInt16BE(cursor.keyStart);
    const group = this.groups.get(groupNumber) ?? [];
    if (group.length === 0) this.groups.set(groupNumber, group);
    group.push({
      key,
      segmentIndex: this.segmentIndex,
      keyStart: cursor.keyStart,
      valueEnd: cursor.removed ? removed : cursor.valueEnd,
    });
  }

  private nextGroup(): boolean {
    this.groupOrder ??= [...this.groups.keys()].sort((a, b) => b - a);
    const next = this.groupOrder.pop();
    if (next === undefined) return false;
    this.group = this.groups.get(next)!.sort((a, b) => (a.key < b.key ? -1 : 1));
    this.groups.delete(next);
    this.groupPosition = 0;
    return true;
  }

  private changeOf(cell: PlannedCell): CellChange {
    const { bytes } = this.segments[cell.segmentIndex]!.segment;
    const keyEnd = cell.keyStart + cell.key.length;
    const value = cell.valueEnd === removed ? undefined : bytes.subarray(keyEnd, cell.valueEnd);
    return { key: bytes.subarray(cell.keyStart, keyEnd), value };
  }
}

interface PlannedCell {
  /** The key's bytes as a string of as many characters. */
  readonly key: string;
  readonly segmentIndex: number;
  readonly keyStart: number;
  readonly valueEnd: number;
}

const removed = -1;
