import { withoutItem } from './chain.js';
import { type DirtyItem, notDirty } from './dirty-list.js';
import type { KeyContext } from './key-context.js';

export type MapKey = string | number;

/**
 * One key's map in memory: the cells that were used, or all of them. Most keys have few map keys at a time,
 * such as the windows that are open. Those are a chain: a table of their own would be one more thing to fetch
 * from memory for each key, and would be made anew again and again as cells come and go.
 */
export class MapEntry {
  readonly context: KeyContext;
  /** True when a map key without a cell is not in the map: nothing is left to read. */
  isWhole: boolean;
  dirtyCells = 0;
  /** How many reads of the base have found nothing. */
  absentReads = 0;
  private size = 0;
  private first: MapCell | undefined = undefined;
  private many: ManyCells | undefined = undefined;

  constructor(context: KeyContext, isWhole: boolean) {
    this.context = context;
    this.isWhole = isWhole;
  }

  /** A cell without a value stands for a map key that is known not to be there. */
  find(key: MapKey): MapCell | undefined {
    if (this.many !== undefined) return this.many.byKey.get(key);
    let cell = this.first;
    while (cell !== undefined && cell.key !== key) cell = cell.next;
    // NaN, which a Map does find, is not equal to itself.
    return cell === undefined && Number.isNaN(key) ? this.findNaN() : cell;
  }

  /** There must be none of its key. */
  add(cell: MapCell): void {
    this.size += 1;
    if (this.many === undefined && this.size > chainedCellsMax) {
      this.many = new ManyCells(this.chained());
      this.first = undefined;
    }
    if (this.many !== undefined) this.many.add(cell);
    else {
      cell.next = this.first;
      this.first = cell;
    }
  }

  delete(cell: MapCell): void {
    this.size -= 1;
    if (this.many !== undefined) {
      this.many.byKey.delete(cell.key);
      if (this.size === 0) this.many = undefined;
    } else this.first = withoutItem(this.first, cell);
  }

  /** All cells, in their keys' order. */
  sorted(): Iterable<MapCell> {
    return this.many?.sorted() ?? this.chained().sort((a, b) => compareMapKeys(a.key, b.key));
  }

  private chained(): MapCell[] {
    const cells: MapCell[] = [];
    for (let cell = this.first; cell !== undefined; cell = cell.next) cells.push(cell);
    return cells;
  }

  private findNaN(): MapCell | undefined {
    return this.chained().find((cell) => Number.isNaN(cell.key));
  }
}

export class MapCell implements DirtyItem {
  readonly entry: MapEntry;
  readonly key: MapKey;
  value: unknown = undefined;
  /** Of the same entry. */
  next: MapCell | undefined = undefined;
  dirtyAt = notDirty;
  encodedBytes = 0;
  /** False when neither the base nor a segment has a value for it, so that its removal needs no cell. */
  mayBeStored: boolean;
  /** The newest checkpoint whose segment says that it is removed. */
  removedIn = 0;

  constructor(entry: MapEntry, key: MapKey) {
    this.entry = entry;
    // A Map takes -0 and 0 for one key; this keeps the one that comes back after a restart.
    this.key = key === 0 ? 0 : key;
    // Of a whole map, what has no cell is not stored, or was removed by a segment.
    this.mayBeStored = !entry.isWhole;
  }

  get isDirty(): boolean {
    return this.dirtyAt !== notDirty;
  }
}

/** More cells than a chain is good for. */
class ManyCells {
  byKey: Map<MapKey, MapCell>;
  private isSorted = false;
  private lastKey: MapKey | undefined = undefined;

  constructor(cells: readonly MapCell[]) {
    this.byKey = new Map(cells.map((cell) => [cell.key, cell]));
  }

  add(cell: MapCell): void {
    if (this.lastKey === undefined || compareMapKeys(this.lastKey, cell.key) > 0) this.isSorted = false;
    this.lastKey = cell.key;
    this.byKey.set(cell.key, cell);
  }

  /** Leaves them in this order, so that the next calls find them so. */
  sorted(): Iterable<MapCell> {
    if (!this.isSorted) {
      const cells = [...this.byKey.values()].sort((a, b) => compareMapKeys(a.key, b.key));
      this.byKey = new Map(cells.map((cell) => [cell.key, cell]));
      this.isSorted = true;
      this.lastKey = cells[cells.length - 1]?.key;
    }
    return this.byKey.values();
  }
}

/** Numbers before strings, each in ascending order; NaN after the other numbers. */
export function compareMapKeys(a: MapKey, b: MapKey): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  if (a === b) return 0;
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : 1;
}

/** A chain so short is searched in a few nanoseconds. */
const chainedCellsMax = 8;
