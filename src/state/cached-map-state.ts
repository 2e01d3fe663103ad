import { decodeKey } from '../key-groups/key-decoding.js';
import { MillraceError } from '../protocol/failures.js';
import { heapBytesPerEncodedByte, PlainCheck, type StateScope } from './cached-state.js';
import { type CellFormat, plainCells } from './cell-format.js';
import type { CellPacker } from './cell-packer.js';
import { DirtyList } from './dirty-list.js';
import type { KeyContext } from './key-context.js';
import {
  appendEndOfRange,
  appendKeyRange,
  appendMapKey,
  appendWholeKey,
  isAddress,
  readWholeKey,
  skipWholeKey,
} from './key-layout.js';
import type { StateName } from './keyed-state-backend.js';
import type { StateOfKeys } from './keys-of-state.js';
import { MapCell, MapEntry, type MapKey } from './map-entry.js';
import type { MapState } from './state-descriptors.js';

/**
 * A map for each key. What is read or written of it is in memory cell by cell; iterating brings the rest in,
 * so a single key's map has to fit into memory when it is iterated or cleared.
 */
export class CachedMapState<K extends MapKey, V> implements MapState<K, V>, StateOfKeys {
  private readonly scope: StateScope;
  private readonly id: number;
  readonly slot: number;
  private readonly what: string;
  private readonly format: CellFormat;
  private readonly plain: PlainCheck;
  private readonly dirty = new DirtyList<MapCell>();
  /** Packed as removed; to be forgotten when that is merged. */
  private removals: MapCell[] = [];

  constructor(scope: StateScope, name: StateName, format: CellFormat = plainCells) {
    this.scope = scope;
    this.id = name.id;
    this.slot = scope.cache.addSlot();
    this.what = `A value of ${scope.describe(name)}`;
    this.format = format;
    this.plain = new PlainCheck(this.what, format);
  }

  get(key: K): V | undefined {
    this.checkKey(key);
    return this.cellOf(this.entryOf(this.scope.cache.current()), key)?.value as V | undefined;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  put(key: K, value: V): void {
    this.checkKey(key);
    this.plain.check(value);
    this.write(key, value);
  }

  remove(key: K): void {
    this.checkKey(key);
    this.write(key, undefined);
  }

  entries(): Iterable<readonly [K, V]> {
    return this.present().map((cell) => [cell.key as K, cell.value as V] as const);
  }

  keys(): Iterable<K> {
    return this.present().map((cell) => cell.key as K);
  }

  values(): Iterable<V> {
    return this.present().map((cell) => cell.value as V);
  }

  isEmpty(): boolean {
    return this.present().length === 0;
  }

  clear(): void {
    for (const cell of this.present()) this.change(cell, undefined);
  }

  get dirtyEntries(): number {
    return this.dirty.size;
  }

  pack(packer: CellPacker): void {
    for (const cell of this.dirty.take()) {
      const { entry } = cell;
      entry.dirtyCells = 0;
      entry.context.markPacked(this.slot, packer.checkpointId);
      this.packCell(packer, entry, cell);
    }
  }

  /** A key whose map keys come and go would else grow for as long as it is in memory. */
  onMerged(mergedThrough: number): void {
    this.removals = this.removals.filter((cell) => {
      if (cell.isDirty || cell.value !== undefined || cell.entry.find(cell.key) !== cell) return false;
      if (cell.removedIn > mergedThrough) return true;
      this.drop(cell);
      return false;
    });
  }

  private packCell(packer: CellPacker, { context, isWhole }: MapEntry, cell: MapCell): void {
    const keyIsAddressed = packer.beginCell(context, this.id);
    const mapKeyIsAddressed = appendMapKey(packer.writer, packer.encoder, cell.key);
    if (cell.value === undefined) {
      packer.segment.endRemovedCell();
      cell.removedIn = packer.checkpointId;
      // With the whole map in memory, a key that is not there needs no cell to say so.
      if (isWhole) this.drop(cell);
      else this.removals.push(cell);
      return;
    }
    packer.beginValue(context.key, keyIsAddressed, !cell.mayBeStored);
    if (mapKeyIsAddressed) appendWholeKey(packer.writer, packer.encoder, cell.key);
    this.format.append(packer.writer, cell.value, this.what);
    cell.mayBeStored = true;
    this.resize(cell, packer.segment.endCell());
  }

  private write(key: K, value: unknown): void {
    const entry = this.entryOf(this.scope.cache.current());
    const cell = entry.find(key);
    if (cell !== undefined) this.change(cell, value);
    else if (value !== undefined || !entry.isWhole) this.change(this.addCell(entry, key), value);
  }

  private change(cell: MapCell, value: unknown): void {
    cell.value = value;
    const { entry } = cell;
    if (value === undefined && !cell.mayBeStored) {
      // It came and went since the last snapshot, as most windows do: nobody knows of it.
      if (this.dirty.delete(cell) && --entry.dirtyCells === 0) entry.context.markClean(this.slot);
      this.drop(cell);
    } else if (this.dirty.add(cell) && ++entry.dirtyCells === 1) entry.context.markDirty(this.slot);
  }

  /** The cell of a map key, read if need be; undefined when the map is known not to have it. */
  private cellOf(entry: MapEntry, key: K): MapCell | undefined {
    const cell = entry.find(key);
    if (cell !== undefined || entry.isWhole) return cell;
    const { context } = entry;
    const loaded = this.addCell(entry, key);
    const { stored, scratch, encoder } = this.scope;
    scratch.reset();
    const keyIsAddressed = appendKeyRange(scratch, context.keyGroup, this.id, encoder, context.key);
    const mapKeyIsAddressed = appendMapKey(scratch, encoder, key);
    const bytes = stored.get(scratch.written());
    if (bytes === undefined) {
      loaded.mayBeStored = false;
      entry.absentReads += 1;
      if (entry.absentReads === absentReadsMax) this.load(entry, fewStoredCells, 1);
      return loaded;
    }
    let at = keyIsAddressed ? skipWholeKey(bytes, 0) : 0;
    if (mapKeyIsAddressed) at = skipWholeKey(bytes, at);
    loaded.value = this.format.read(bytes, at, this.what);
    this.resize(loaded, bytes.length);
    return loaded;
  }

  /** The cells that have a value, in order; all of the map is then in memory. */
  private present(): MapCell[] {
    const entry = this.entryOf(this.scope.cache.current());
    if (!entry.isWhole) this.load(entry, this.scope.limits.scanPageCells, Number.POSITIVE_INFINITY);
    const result: MapCell[] = [];
    for (const cell of entry.sorted()) if (cell.value !== undefined) result.push(cell);
    return result;
  }

  /** Brings up to so many pages of a map's stored cells in; the entry is whole when that was all. */
  private load(entry: MapEntry, pageCells: number, pages: number): void {
    const { context } = entry;
    const { stored, scratch, encoder } = this.scope;
    scratch.reset();
    const keyIsAddressed = appendKeyRange(scratch, context.keyGroup, this.id, encoder, context.key);
    const prefix = scratch.copy();
    scratch.reset();
    appendEndOfRange(scratch, prefix);
    const end = scratch.copy();
    let from: Buffer | undefined = prefix;
    for (let page = 0; page < pages && from !== undefined; page++) {
      const { cells, next } = stored.scan(from, end, pageCells);
      for (const { key, value } of cells) {
        let at = keyIsAddressed ? skipWholeKey(value, 0) : 0;
        const isAddressed = isAddress(key, prefix.length);
        const mapKey = isAddressed ? readWholeKey(value, at) : decodeKey(key.subarray(prefix.length));
        if (isAddressed) at = skipWholeKey(value, at);
        // What is in memory already may be newer.
        if (entry.find(mapKey as K) !== undefined) continue;
        const cell = this.addCell(entry, mapKey as K);
        cell.value = this.format.read(value, at, this.what);
        this.resize(cell, value.length);
      }
      from = next;
    }
    entry.isWhole = from === undefined;
  }

  private entryOf(context: KeyContext): MapEntry {
    const found = context.get(this.slot) as MapEntry | undefined;
    if (found !== undefined) return found;
    const entry = new MapEntry(context, !this.scope.stored.mayHoldCells());
    context.set(this.slot, entry);
    this.scope.cache.countEntry(this.slot);
    this.scope.cache.resize(context, mapEntryBytes);
    return entry;
  }

  private addCell(entry: MapEntry, key: K): MapCell {
    const cell = new MapCell(entry, key);
    entry.add(cell);
    this.scope.cache.resize(entry.context, mapCellBytes);
    return cell;
  }

  private drop(cell: MapCell): void {
    const { entry } = cell;
    entry.delete(cell);
    this.scope.cache.resize(entry.context, -(mapCellBytes + cell.encodedBytes * heapBytesPerEncodedByte));
  }

  private resize(cell: MapCell, encodedBytes: number): void {
    const bytesMore = (encodedBytes - cell.encodedBytes) * heapBytesPerEncodedByte;
    this.scope.cache.resize(cell.entry.context, bytesMore);
    cell.encodedBytes = encodedBytes;
  }

  private checkKey(key: unknown): void {
    if (typeof key === 'string' || typeof key === 'number') return;
    throw new MillraceError(
      `${this.what} has a map key that is a ${typeof key}; map keys are strings or numbers.`,
      {
        domain: 'user-code',
        action: 'fail-job',
      },
    );
  }
}

/**
 * Where so many reads have found nothing, a look at the whole of what is stored may spare many more: each new window
 * of a key is such a read. It is worth its price only where that is next to nothing.
 */
const absentReadsMax = 2;
const fewStoredCells = 8;

const mapEntryBytes = 70;
const mapCellBytes = 130;
