import { decodeKey } from '../key-groups/key-decoding.js';
import { MillraceError } from '../protocol/failures.js';
import { heapBytesPerEncodedByte, PlainCheck, type StateScope } from './cached-state.js';
import { type CellFormat, plainCells } from './cell-format.js';
import type { CellPacker } from './cell-packer.js';
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
  private dirty: KeyContext[] = [];
  /** Packed as removed; to be forgotten when that is merged. */
  private removals: RemovedCell[] = [];

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
    const context = this.scope.cache.current();
    return this.cellOf(context, this.entryOf(context), key)?.value as V | undefined;
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
    const context = this.scope.cache.current();
    const entry = this.entryOf(context);
    for (const cell of this.present()) this.change(context, entry, cell, undefined);
  }

  get dirtyEntries(): number {
    return this.dirty.length;
  }

  pack(packer: CellPacker): void {
    for (const context of this.dirty) {
      const entry = context.get(this.slot) as MapEntry;
      for (const cell of entry.dirtyCells) this.packCell(packer, context, entry, cell);
      entry.dirtyCells = [];
      context.markPacked(this.slot, packer.checkpointId);
    }
    this.dirty = [];
  }

  /** A key whose map keys come and go, as windows do, would else grow for as long as it is in memory. */
  onMerged(mergedThrough: number): void {
    this.removals = this.removals.filter(({ context, entry, cell }) => {
      if (cell.dirty || cell.value !== undefined || entry.cells.get(cell.key) !== cell) return false;
      if (cell.removedIn > mergedThrough) return true;
      this.drop(context, entry, cell);
      return false;
    });
  }

  private packCell(packer: CellPacker, context: KeyContext, entry: MapEntry, cell: MapCell): void {
    cell.dirty = false;
    // It came and went since the last snapshot, as most windows do: nobody knows of it.
    if (cell.value === undefined && !cell.mayBeStored) {
      this.drop(context, entry, cell);
      return;
    }
    const keyIsAddressed = packer.beginCell(context, this.id);
    const mapKeyIsAddressed = appendMapKey(packer.writer, packer.encoder, cell.key);
    if (cell.value === undefined) {
      packer.segment.endRemovedCell();
      // With the whole map in memory, a key that is not there needs no cell to say so.
      if (entry.isWhole) {
        this.drop(context, entry, cell);
        return;
      }
      cell.removedIn = packer.checkpointId;
      this.removals.push({ context, entry, cell });
      return;
    }
    packer.beginValue(context.key, keyIsAddressed);
    if (mapKeyIsAddressed) appendWholeKey(packer.writer, packer.encoder, cell.key);
    this.format.append(packer.writer, cell.value, this.what);
    cell.mayBeStored = true;
    this.resize(context, cell, packer.segment.endCell());
  }

  private write(key: K, value: unknown): void {
    const context = this.scope.cache.current();
    const entry = this.entryOf(context);
    const cell = entry.cells.get(key) ?? this.addCell(context, entry, key);
    this.change(context, entry, cell, value);
  }

  private change(context: KeyContext, entry: MapEntry, cell: MapCell, value: unknown): void {
    cell.value = value;
    if (cell.dirty) return;
    cell.dirty = true;
    entry.dirtyCells.push(cell);
    if (context.markDirty(this.slot)) this.dirty.push(context);
  }

  /** The cell of a map key, read if need be; undefined when the map is known not to have it. */
  private cellOf(context: KeyContext, entry: MapEntry, key: K): MapCell | undefined {
    const cell = entry.cells.get(key);
    if (cell !== undefined || entry.isWhole) return cell;
    const loaded = this.addCell(context, entry, key);
    const { stored, scratch, encoder } = this.scope;
    scratch.reset();
    const keyIsAddressed = appendKeyRange(scratch, context.keyGroup, this.id, encoder, context.key);
    const mapKeyIsAddressed = appendMapKey(scratch, encoder, key);
    const bytes = stored.get(scratch.written());
    if (bytes === undefined) {
      loaded.mayBeStored = false;
      return loaded;
    }
    let at = keyIsAddressed ? skipWholeKey(bytes, 0) : 0;
    if (mapKeyIsAddressed) at = skipWholeKey(bytes, at);
    loaded.value = this.format.read(bytes, at, this.what);
    this.resize(context, loaded, bytes.length);
    return loaded;
  }

  /** The cells that have a value, in order; all of the map is then in memory. */
  private present(): MapCell[] {
    const context = this.scope.cache.current();
    const entry = this.entryOf(context);
    if (!entry.isWhole) this.loadAll(context, entry);
    entry.sort();
    const result: MapCell[] = [];
    for (const cell of entry.cells.values()) if (cell.value !== undefined) result.push(cell);
    return result;
  }

  private loadAll(context: KeyContext, entry: MapEntry): void {
    const { stored, scratch, encoder, limits } = this.scope;
    scratch.reset();
    const keyIsAddressed = appendKeyRange(scratch, context.keyGroup, this.id, encoder, context.key);
    const prefix = scratch.copy();
    scratch.reset();
    appendEndOfRange(scratch, prefix);
    const end = scratch.copy();
    for (let from: Buffer | undefined = prefix; from !== undefined; ) {
      const page = stored.scan(from, end, limits.scanPageCells);
      for (const { key, value } of page.cells) {
        let at = keyIsAddressed ? skipWholeKey(value, 0) : 0;
        const isAddressed = isAddress(key, prefix.length);
        const mapKey = isAddressed ? readWholeKey(value, at) : decodeKey(key.subarray(prefix.length));
        if (isAddressed) at = skipWholeKey(value, at);
        // What is in memory already may be newer.
        if (entry.cells.has(mapKey as K)) continue;
        const cell = this.addCell(context, entry, mapKey as K);
        cell.value = this.format.read(value, at, this.what);
        this.resize(context, cell, value.length);
      }
      from = page.next;
    }
    entry.isWhole = true;
  }

  private entryOf(context: KeyContext): MapEntry {
    const found = context.get(this.slot) as MapEntry | undefined;
    if (found !== undefined) return found;
    const entry = new MapEntry(!this.scope.stored.mayHoldCells());
    context.set(this.slot, entry);
    this.scope.cache.countEntry(this.slot);
    this.scope.cache.resize(context, mapEntryBytes);
    return entry;
  }

  private addCell(context: KeyContext, entry: MapEntry, key: K): MapCell {
    const cell = new MapCell(key);
    // Of a whole map, what has no cell is not stored, or was removed by a segment.
    if (entry.isWhole) cell.mayBeStored = false;
    entry.add(cell);
    this.scope.cache.resize(context, mapCellBytes);
    return cell;
  }

  private drop(context: KeyContext, entry: MapEntry, cell: MapCell): void {
    entry.cells.delete(cell.key);
    this.scope.cache.resize(context, -(mapCellBytes + cell.encodedBytes * heapBytesPerEncodedByte));
  }

  private resize(context: KeyContext, cell: MapCell, encodedBytes: number): void {
    this.scope.cache.resize(context, (encodedBytes - cell.encodedBytes) * heapBytesPerEncodedByte);
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

interface RemovedCell {
  readonly context: KeyContext;
  readonly entry: MapEntry;
  readonly cell: MapCell;
}

const mapEntryBytes = 160;
const mapCellBytes = 140;
