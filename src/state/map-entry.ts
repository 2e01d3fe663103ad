export type MapKey = string | number;

/** One key's map in memory: the cells that were used, or all of them. */
export class MapEntry {
  /** A cell without a value stands for a map key that is known not to be there. */
  readonly cells = new Map<MapKey, MapCell>();
  /** True when a map key without a cell is not in the map: nothing is left to read. */
  isWhole: boolean;
  dirtyCells: MapCell[] = [];
  private isSorted = true;
  private lastKey: MapKey | undefined;

  constructor(isWhole: boolean) {
    this.isWhole = isWhole;
  }

  add(cell: MapCell): void {
    if (this.lastKey !== undefined && compareMapKeys(this.lastKey, cell.key) > 0) this.isSorted = false;
    this.lastKey = cell.key;
    this.cells.set(cell.key, cell);
  }

  /** Puts the cells into their keys' order, so that the next iterations find them so. */
  sort(): void {
    if (this.isSorted) return;
    const cells = [...this.cells.values()].sort((a, b) => compareMapKeys(a.key, b.key));
    this.cells.clear();
    for (const cell of cells) this.cells.set(cell.key, cell);
    this.isSorted = true;
    this.lastKey = cells[cells.length - 1]?.key;
  }
}

export class MapCell {
  readonly key: MapKey;
  value: unknown = undefined;
  dirty = false;
  encodedBytes = 0;
  /** False when neither the base nor a segment has a value for it, so that its removal needs no cell. */
  mayBeStored = true;
  /** The newest checkpoint whose segment says that it is removed. */
  removedIn = 0;

  constructor(key: MapKey) {
    // A Map takes -0 and 0 for one key; this keeps the one that comes back after a restart.
    this.key = key === 0 ? 0 : key;
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
