import type { PlainValueReader } from './plain-value-reader.js';
import type { PlainValueWriter } from './plain-value-writer.js';
import { noOrigin, type RecordOrigin } from './record-origin.js';

/**
 * Where the records of a buffer come from. Bits added to the byte that begins a record's element say what follows
 * of its origin; without any, it is that of the record before it (of the first one, none). Invariant: an origin is
 * read from its own buffer alone.
 *
 * A source emits the records of a split in their order, so nearly always one byte follows.
 */
const OriginBits = {
  same: 0x00,
  /** u8 how much further in the same split. */
  near: 0x10,
  /** u32 the split's number in this buffer, f64 the position; a number not met before is followed by the split, a string. */
  any: 0x20,
} as const;

/** The bits of an element's first byte that say what the element is. */
export const elementTagMask = 0x0f;

/** Writes the origins of one buffer after the other. */
export class OriginWriter {
  private lastSplit = noOrigin.split;
  private lastPosition = noOrigin.position;
  /** By their numbers in the open buffer. */
  private readonly splits = new Map<string, number>();

  beginBuffer(): void {
    this.lastSplit = noOrigin.split;
    this.lastPosition = noOrigin.position;
    this.splits.clear();
  }

  /**
   * Within the room that `values` have reserved.
   * @param tagAt where the element's first byte is.
   */
  write(values: PlainValueWriter, tagAt: number, { split, position }: RecordOrigin): void {
    const step = position - this.lastPosition;
    if (split !== this.lastSplit || (step & 0xff) !== step) this.writeAny(values, tagAt, split, position);
    else if (step !== 0) {
      values.bytes[tagAt]! |= OriginBits.near;
      values.bytes[values.at++] = step;
    }
    // Also where the text is equal: comparing it with the very same string costs nothing.
    this.lastSplit = split;
    this.lastPosition = position;
  }

  private writeAny(values: PlainValueWriter, tagAt: number, split: string, position: number): void {
    const number = this.splits.get(split);
    values.bytes[tagAt]! |= OriginBits.any;
    values.uint32(number ?? this.splits.size);
    values.float64(position);
    if (number !== undefined) return;
    this.splits.set(split, this.splits.size);
    values.write(split, 'The name of a split');
  }
}

/** Reads them again. */
export class OriginReader implements RecordOrigin {
  split = noOrigin.split;
  position = noOrigin.position;
  /** By their numbers in the buffer. */
  private readonly splits: string[] = [];

  beginBuffer(): void {
    this.split = noOrigin.split;
    this.position = noOrigin.position;
    this.splits.length = 0;
  }

  /** @param tag the element's first byte; one without bits of its origin need not be shown. */
  read(values: PlainValueReader, tag: number): void {
    if ((tag & OriginBits.any) === 0) {
      this.position += values.byte();
      return;
    }
    const number = values.uint32();
    this.position = values.float64();
    if (number === this.splits.length) this.splits.push(values.read() as string);
    this.split = this.splits[number]!;
  }
}
