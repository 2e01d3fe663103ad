import { type Segment, SegmentCursor } from './delta-segment.js';

/**
 * The newest cell of each key among some segments. A hash table over the segments' own bytes: a string for
 * each key would cost several times as much, and with checkpoints every 100 ms each changed key is met ten
 * times a second.
 */
export class SegmentIndex {
  private readonly segments: readonly Segment[];
  /** Cell number + 1 at the place that the key's hash gives, or the next free one; 0 is free. */
  private readonly table: Int32Array;
  private readonly hashes: Int32Array;
  private readonly segmentOf: Int32Array;
  private readonly keyStarts: Int32Array;
  private readonly keyEnds: Int32Array;
  /** `removedMark` for a removed cell. */
  private readonly valueEnds: Int32Array;
  /** Of its oldest cell, when that is marked new: the segment's place; else -1. */
  private readonly newIn: Int32Array;
  private cursor: SegmentCursor | undefined;
  private segmentAt: number;
  private count = 0;

  /** @param segments oldest first. */
  constructor(segments: readonly Segment[]) {
    this.segments = segments;
    this.segmentAt = segments.length;
    const cells = segments.reduce((sum, segment) => sum + segment.cellCount, 0);
    this.table = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(cells, 1) * freeFactor)));
    this.hashes = new Int32Array(cells);
    this.segmentOf = new Int32Array(cells);
    this.keyStarts = new Int32Array(cells);
    this.keyEnds = new Int32Array(cells);
    this.valueEnds = new Int32Array(cells);
    this.newIn = new Int32Array(cells);
  }

  /** How many different cells were added; they are numbered from 0. */
  get size(): number {
    return this.count;
  }

  /** Adds up to `cells` more, newest segment first; false when all are added. */
  addMore(cells: number): boolean {
    for (let i = 0; i < cells; i++) {
      if (!this.cursor?.next() && !this.nextSegment()) return false;
      this.add(this.cursor!);
    }
    return true;
  }

  /** The number of the cell with this key, or -1. */
  find(key: Buffer): number {
    const place = this.placeOf(key, 0, key.length, hashOf(key, 0, key.length));
    return this.table[place]! - 1;
  }

  key(cell: number): Buffer {
    return this.bytesOf(cell).subarray(this.keyStarts[cell]!, this.keyEnds[cell]!);
  }

  isRemoved(cell: number): boolean {
    return this.valueEnds[cell] === removedMark;
  }

  /** Undefined for a removed cell. */
  value(cell: number): Buffer | undefined {
    const valueEnd = this.valueEnds[cell]!;
    return valueEnd === removedMark ? undefined : this.bytesOf(cell).subarray(this.keyEnds[cell]!, valueEnd);
  }

  /**
   * The place of the oldest segment with this key, where that has it marked new: nothing is stored under the key
   * but by it and the later ones. -1 where something may be.
   */
  newSince(cell: number): number {
    return this.newIn[cell]!;
  }

  /** The first four bytes of the cell's key: its key group and state. */
  keyPrefix(cell: number): number {
    return this.bytesOf(cell).readUInt32BE(this.keyStarts[cell]!);
  }

  /** Orders cells by their keys. */
  compare(a: number, b: number): number {
    const left = this.bytesOf(a);
    const right = this.bytesOf(b);
    const leftStart = this.keyStarts[a]!;
    const rightStart = this.keyStarts[b]!;
    const leftSize = this.keyEnds[a]! - leftStart;
    const rightSize = this.keyEnds[b]! - rightStart;
    const size = Math.min(leftSize, rightSize);
    for (let i = 0; i < size; i++) {
      const difference = left[leftStart + i]! - right[rightStart + i]!;
      if (difference !== 0) return difference;
    }
    return leftSize - rightSize;
  }

  private nextSegment(): boolean {
    while (this.segmentAt > 0) {
      this.segmentAt -= 1;
      this.cursor = new SegmentCursor(this.segments[this.segmentAt]!);
      if (this.cursor.next()) return true;
    }
    return false;
  }

  private add(cursor: SegmentCursor): void {
    const { bytes, keyStart, keyEnd } = cursor;
    const hash = hashOf(bytes, keyStart, keyEnd);
    const place = this.placeOf(bytes, keyStart, keyEnd, hash);
    const newIn = cursor.isNew ? this.segmentAt : -1;
    const known = this.table[place]!;
    // It is there already from a newer segment.
    if (known !== 0) {
      this.newIn[known - 1] = newIn;
      return;
    }
    const cell = this.count++;
    this.newIn[cell] = newIn;
    this.table[place] = cell + 1;
    this.hashes[cell] = hash;
    this.segmentOf[cell] = this.segmentAt;
    this.keyStarts[cell] = keyStart;
    this.keyEnds[cell] = keyEnd;
    this.valueEnds[cell] = cursor.removed ? removedMark : cursor.valueEnd;
  }

  /** Where in the table the key is, or would be. */
  private placeOf(bytes: Buffer, start: number, end: number, hash: number): number {
    const mask = this.table.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const cell = this.table[place]! - 1;
      if (cell === -1 || (this.hashes[cell] === hash && this.hasKey(cell, bytes, start, end))) return place;
    }
  }

  private hasKey(cell: number, bytes: Buffer, start: number, end: number): boolean {
    const own = this.bytesOf(cell);
    const ownStart = this.keyStarts[cell]!;
    if (this.keyEnds[cell]! - ownStart !== end - start) return false;
    // From the end, where keys differ.
    for (let i = end - start - 1; i >= 0; i--) {
      if (own[ownStart + i] !== bytes[start + i]) return false;
    }
    return true;
  }

  private bytesOf(cell: number): Buffer {
    return this.segments[this.segmentOf[cell]!]!.bytes;
  }
}

/** At least half of the table's places stay free, so that a search ends after one or two. */
const freeFactor = 2;

const removedMark = -1;

/** FNV-1a with a last mixing of its bits; in memory only, so it may change. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b_3c6d) ^ (hash >>> 12);
}
