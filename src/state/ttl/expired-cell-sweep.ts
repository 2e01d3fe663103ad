import type { KeyGroupRange } from '../../protocol/ids.js';
import { ByteWriter } from '../byte-writer.js';
import { appendEndOfRange, appendStateRange } from '../key-layout.js';
import type { Cell, StateBase } from '../state-base.js';
import type { CellExpiry } from './cell-expiry.js';

/**
 * Goes round the base's timed cells, page by page, in search of those that are over. Invariant: a cell found
 * here is removed before the base is changed otherwise; a newer one under its key would else be lost.
 */
export class ExpiredCellSweep {
  private readonly base: StateBase;
  private readonly expiry: CellExpiry;
  private readonly range: KeyGroupRange;
  private readonly pageCells: number;
  private readonly scratch = new ByteWriter(64);
  /** States of the current round that are still to be looked at, and the place within the first. */
  private statesLeft: number[] = [];
  private keyGroup: number;
  private from: Buffer | undefined;

  constructor(base: StateBase, expiry: CellExpiry, range: KeyGroupRange, pageCells: number) {
    this.base = base;
    this.expiry = expiry;
    this.range = range;
    this.pageCells = pageCells;
    this.keyGroup = range.start;
  }

  /** Whether any cell could ever expire. */
  get isNeeded(): boolean {
    return this.expiry.stateIds.length > 0 && this.base.mayHoldCells();
  }

  /** The expired ones among the next cells; after the last page the first one follows again. */
  nextPage(): SweptPage {
    if (this.statesLeft.length === 0) this.statesLeft = [...this.expiry.stateIds];
    const stateId = this.statesLeft[0];
    if (stateId === undefined) return { looked: 0, expired: [], isLast: true };
    this.scratch.reset();
    appendStateRange(this.scratch, this.keyGroup, stateId);
    const start = this.scratch.copy();
    this.scratch.reset();
    appendEndOfRange(this.scratch, start);
    const cells = this.base.scan(this.from ?? start, this.scratch.copy(), this.pageCells);
    const last = cells[cells.length - 1];
    if (last === undefined || cells.length < this.pageCells) this.nextRange();
    else this.from = Buffer.concat([last.key, successorSuffix]);
    const expired = cells.filter(({ key, value }) => this.expiry.isExpired(key, value));
    return { looked: cells.length, expired, isLast: this.statesLeft.length === 0 };
  }

  private nextRange(): void {
    this.from = undefined;
    this.keyGroup += 1;
    if (this.keyGroup <= this.range.end) return;
    this.keyGroup = this.range.start;
    this.statesLeft.shift();
  }
}

export interface SweptPage {
  readonly looked: number;
  readonly expired: readonly Cell[];
  /** Each state's cells have been looked at since the round began. */
  readonly isLast: boolean;
}

/** Appended to a key it gives the next possible one. */
const successorSuffix = Buffer.from([0]);
