import { KeyEncoder } from '../key-groups/key-encoding.js';
import { assertPlain } from '../protocol/plain-value.js';
import { ByteWriter } from './byte-writer.js';
import type { CellFormat } from './cell-format.js';
import type { CellPacker } from './cell-packer.js';
import type { StateName } from './keyed-state-backend.js';
import type { StateLimits } from './state-limits.js';
import type { StoredCells } from './stored-cells.js';
import type { WriteBackCache } from './write-back-cache.js';

/** What a snapshot sees of each state and timer queue. */
export interface CachedState {
  readonly dirtyEntries: number;
  /** Writes every change since the last snapshot; from then on they count as staged. */
  pack(packer: CellPacker): void;
  /** The segments up to this checkpoint are in the base. */
  onMerged(mergedThrough: number): void;
}

/** What the states of one operator share. */
export class StateScope {
  readonly cache: WriteBackCache;
  readonly stored: StoredCells;
  readonly limits: StateLimits;
  /** For keys to read by; overwritten by the next read. */
  readonly scratch = new ByteWriter(256);
  readonly encoder = new KeyEncoder();
  private readonly operator: string;

  constructor(cache: WriteBackCache, stored: StoredCells, limits: StateLimits, operator: string) {
    this.cache = cache;
    this.stored = stored;
    this.limits = limits;
    this.operator = operator;
  }

  describe(state: StateName): string {
    return `state "${state.name}" of operator "${this.operator}"`;
  }
}

/** Checks the first writes of a state: a class instance is then found where it is written. */
export class PlainCheck {
  private readonly what: string;
  private readonly format: CellFormat;
  private writesLeft = plainChecks;

  constructor(what: string, format: CellFormat) {
    this.what = what;
    this.format = format;
  }

  check(stored: unknown): void {
    if (this.writesLeft === 0) return;
    this.writesLeft -= 1;
    assertPlain(this.format.payloadOf(stored), this.what);
  }
}

/** Enough to meet every shape of value that a job usually writes; the encoding refuses the later ones. */
const plainChecks = 100;

/** How much larger a value is in V8's heap than encoded, roughly: what the cache's budget counts. */
export const heapBytesPerEncodedByte = 2;
