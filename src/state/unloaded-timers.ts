import type { KeyGroupRange } from '../protocol/ids.js';
import type { ByteWriter } from './byte-writer.js';
import { appendEndOfRange, appendStateRange, readTimestamp } from './key-layout.js';
import type { Cell } from './state-base.js';
import type { StoredCells } from './stored-cells.js';

/**
 * Which stored timers are not in memory: of each key group, those from a position on. They are read page by
 * page as their time nears, so that a restore takes the same time however many there are.
 */
export class UnloadedTimers {
  private readonly stored: StoredCells;
  private readonly stateId: number;
  private readonly firstGroup: number;
  /** Of each key group: where the unread part begins; undefined when nothing is unread. */
  private readonly from: (Buffer | undefined)[] = [];
  private earliest: KnownEarliest | undefined;

  constructor(stored: StoredCells, stateId: number, range: KeyGroupRange, scratch: ByteWriter) {
    this.stored = stored;
    this.stateId = stateId;
    this.firstGroup = range.start;
    for (let group: number = range.start; group <= range.end; group++) {
      scratch.reset();
      appendStateRange(scratch, group, stateId);
      this.from.push(stored.mayHoldCells() ? scratch.copy() : undefined);
    }
    this.findEarliest();
  }

  /** No unread timer is before this; +Infinity when all are read. */
  get earliestTimestamp(): number {
    return this.earliest?.timestamp ?? Number.POSITIVE_INFINITY;
  }

  /** Whether anything of a key group is unread. */
  reaches(keyGroup: number): boolean {
    return this.from[keyGroup - this.firstGroup] !== undefined;
  }

  /** Whether a stored timer with this cell key would be unread. */
  covers(keyGroup: number, cellKey: Buffer): boolean {
    const from = this.from[keyGroup - this.firstGroup];
    return from !== undefined && Buffer.compare(cellKey, from) >= 0;
  }

  /** Reads on where the earliest unread timer may be. */
  readPage(limit: number, scratch: ByteWriter): readonly Cell[] {
    if (this.earliest === undefined) return [];
    const index = this.earliest.index;
    scratch.reset();
    appendStateRange(scratch, this.firstGroup + index, this.stateId);
    const prefix = scratch.copy();
    scratch.reset();
    appendEndOfRange(scratch, prefix);
    const page = this.stored.scan(this.from[index]!, scratch.copy(), limit);
    this.from[index] = page.next;
    this.findEarliest();
    return page.cells;
  }

  /** Of every key group, what lies at or after this place (of a cell's key, what follows key group and state) is now unread. */
  unloadFrom(place: Buffer, scratch: ByteWriter): void {
    for (let index = 0; index < this.from.length; index++) {
      scratch.reset();
      appendStateRange(scratch, this.firstGroup + index, this.stateId);
      scratch.append(place);
      const position = scratch.copy();
      const current = this.from[index];
      if (current === undefined || Buffer.compare(position, current) < 0) this.from[index] = position;
    }
    this.findEarliest();
  }

  private findEarliest(): void {
    let earliest: KnownEarliest | undefined;
    for (let index = 0; index < this.from.length; index++) {
      const from = this.from[index];
      if (from === undefined) continue;
      const isAtStart = from.length <= stateRangeBytes;
      const timestamp = isAtStart ? Number.NEGATIVE_INFINITY : readTimestamp(from, stateRangeBytes);
      if (earliest === undefined || timestamp < earliest.timestamp) earliest = { index, timestamp };
    }
    this.earliest = earliest;
  }
}

interface KnownEarliest {
  readonly index: number;
  readonly timestamp: number;
}

/** `key group | state`, before a timer's timestamp. */
export const stateRangeBytes = 4;
