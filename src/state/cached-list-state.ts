import { MillraceError } from '../protocol/failures.js';
import { heapBytesPerEncodedByte, PlainCheck, type StateScope } from './cached-state.js';
import { type CellFormat, plainCells } from './cell-format.js';
import type { CellPacker } from './cell-packer.js';
import { damagedState } from './damaged-state.js';
import type { KeyContext } from './key-context.js';
import {
  appendEndOfRange,
  appendKeyRange,
  appendListPosition,
  readListPosition,
  skipWholeKey,
} from './key-layout.js';
import type { StateName } from './keyed-state-backend.js';
import type { StateOfKeys } from './keys-of-state.js';
import { ListEntry } from './list-entry.js';
import type { ListState, ListStateDescriptor } from './state-descriptors.js';

/** A list for each key. An `add` packs the new element and the list's bounds, never the other elements. */
export class CachedListState<T> implements ListState<T>, StateOfKeys {
  private readonly scope: StateScope;
  private readonly id: number;
  readonly slot: number;
  /** 0 for a list without bound. */
  private readonly capacity: number;
  private readonly what: string;
  private readonly format: CellFormat;
  private readonly plain: PlainCheck;
  private dirty: KeyContext[] = [];

  constructor(
    scope: StateScope,
    name: StateName,
    descriptor: ListStateDescriptor<T>,
    format: CellFormat = plainCells,
  ) {
    this.scope = scope;
    this.id = name.id;
    this.slot = scope.cache.addSlot();
    this.what = `An element of ${scope.describe(name)}`;
    this.capacity = checkedCapacity(descriptor);
    this.format = format;
    this.plain = new PlainCheck(this.what, format);
  }

  get(): readonly T[] {
    const entry = this.wholeEntry();
    entry.handedOut = true;
    return entry.elements as T[];
  }

  /** As `get`, for a caller that is done with it before the list is changed. */
  peek(): readonly T[] {
    return this.wholeEntry().elements as T[];
  }

  isEmpty(): boolean {
    return this.entryOf(this.scope.cache.current()).length === 0;
  }

  add(element: T): void {
    this.plain.check(element);
    const context = this.scope.cache.current();
    const entry = this.entryOf(context);
    entry.add(element);
    this.markDirty(context);
  }

  update(elements: readonly T[]): void {
    for (const element of elements) this.plain.check(element);
    const context = this.scope.cache.current();
    const entry = this.entryOf(context);
    entry.replace(elements, this.capacity);
    this.markDirty(context);
  }

  clear(): void {
    this.update([]);
  }

  /** Drops elements from the oldest on; where those are not in memory, only if younger ones go as well. */
  dropOldestWhile(isToGo: (element: T) => boolean): void {
    const context = this.scope.cache.current();
    const entry = this.entryOf(context);
    const elements = entry.elements as T[];
    let count = 0;
    while (count < elements.length && isToGo(elements[count]!)) count += 1;
    if (count === 0) return;
    entry.dropLoaded(count);
    this.markDirty(context);
  }

  get dirtyEntries(): number {
    return this.dirty.length;
  }

  pack(packer: CellPacker): void {
    for (const context of this.dirty) {
      const entry = context.get(this.slot) as ListEntry;
      this.packBounds(packer, context, entry);
      this.packElements(packer, context, entry);
      context.markPacked(this.slot, packer.checkpointId);
      entry.packedHead = entry.head;
      entry.packedTail = entry.tail;
      entry.packedCapacity = entry.capacity;
      this.recount(context, entry);
    }
    this.dirty = [];
  }

  onMerged(): void {}

  private packBounds(packer: CellPacker, context: KeyContext, entry: ListEntry): void {
    const isAddressed = packer.beginCell(context, this.id);
    if (entry.length === 0) {
      packer.segment.endRemovedCell();
      return;
    }
    packer.beginValue(context.key, isAddressed);
    // With the time of the newest element: when that is over, so is the time of all others.
    const bounds = [entry.head, entry.tail, entry.capacity];
    const newest = entry.elements[entry.elements.length - 1];
    this.format.append(packer.writer, this.format.withTimeOf(newest, bounds), this.what);
    packer.segment.endCell();
  }

  private packElements(packer: CellPacker, context: KeyContext, entry: ListEntry): void {
    for (const position of entry.abandonedPositions()) {
      packer.beginCell(context, this.id);
      appendListPosition(packer.writer, position);
      packer.segment.endRemovedCell();
    }
    for (let number = Math.max(entry.head, entry.packedTail); number < entry.tail; number++) {
      packer.beginCell(context, this.id);
      appendListPosition(packer.writer, entry.positionOf(number));
      packer.segment.beginValue();
      this.format.append(packer.writer, entry.elements[number - entry.loadedFrom], this.what);
      entry.elementBytes = packer.segment.endCell();
    }
  }

  private markDirty(context: KeyContext): void {
    if (context.markDirty(this.slot)) this.dirty.push(context);
  }

  private wholeEntry(): ListEntry {
    const context = this.scope.cache.current();
    const entry = this.entryOf(context);
    if (entry.loadedFrom > entry.head) this.loadElements(context, entry);
    return entry;
  }

  private entryOf(context: KeyContext): ListEntry {
    return (context.get(this.slot) as ListEntry | undefined) ?? this.load(context);
  }

  private load(context: KeyContext): ListEntry {
    const entry = new ListEntry(this.capacity);
    context.set(this.slot, entry);
    this.scope.cache.countEntry(this.slot);
    if (this.scope.stored.mayHoldCells()) this.loadBounds(context, entry);
    this.recount(context, entry);
    return entry;
  }

  private loadBounds(context: KeyContext, entry: ListEntry): void {
    const { stored, scratch, encoder } = this.scope;
    scratch.reset();
    const isAddressed = appendKeyRange(scratch, context.keyGroup, this.id, encoder, context.key);
    const bytes = stored.get(scratch.written());
    if (bytes === undefined) return;
    const bounds = this.format.read(bytes, isAddressed ? skipWholeKey(bytes, 0) : 0, this.what);
    const [head, tail, capacity] = this.format.payloadOf(bounds) as [number, number, number];
    entry.head = head;
    entry.tail = tail;
    entry.loadedFrom = tail;
    entry.capacity = capacity;
    entry.packedHead = head;
    entry.packedTail = tail;
    entry.packedCapacity = capacity;
    // The job now gives another maxLength: the cells' positions change, so the list is written anew.
    if (capacity !== this.capacity) {
      this.loadElements(context, entry);
      entry.replace(entry.elements, this.capacity);
      this.markDirty(context);
    }
  }

  /** Brings the elements from `head` to `loadedFrom` into memory. */
  private loadElements(context: KeyContext, entry: ListEntry): void {
    const { stored, scratch, encoder, limits } = this.scope;
    scratch.reset();
    appendKeyRange(scratch, context.keyGroup, this.id, encoder, context.key);
    const prefix = scratch.copy();
    scratch.reset();
    appendListPosition(scratch, 0);
    const first = Buffer.concat([prefix, scratch.written()]);
    scratch.reset();
    appendEndOfRange(scratch, prefix);
    const end = scratch.copy();

    const missing = entry.loadedFrom - entry.head;
    const loaded: unknown[] = new Array(missing);
    let found = 0;
    for (let from: Buffer | undefined = first; from !== undefined; ) {
      const page = stored.scan(from, end, limits.scanPageCells);
      for (const cell of page.cells) {
        const index = this.indexOf(entry, readListPosition(cell.key, prefix.length));
        if (index >= missing) continue;
        loaded[index] = this.format.read(cell.value, 0, this.what);
        entry.elementBytes = cell.value.length;
        found += 1;
      }
      from = page.next;
    }
    if (found !== missing && !this.format.cellsExpire)
      throw damagedState(this.what, new Error(`${found} of ${missing} elements are there.`));
    entry.elements = loaded.concat(entry.elements);
    entry.loadedFrom = entry.head;
    entry.handedOut = false;
    if (found !== missing) this.closeGaps(context, entry);
    this.recount(context, entry);
  }

  /** Expired elements have left the base: the oldest ones, and where the clock was put back others too. */
  private closeGaps(context: KeyContext, entry: ListEntry): void {
    const present = entry.elements.filter((element) => element !== undefined);
    const oldest = entry.elements.findIndex((element) => element !== undefined);
    const isSuffix = oldest !== -1 && present.length === entry.elements.length - oldest;
    if (present.length === 0 || isSuffix) entry.dropLoaded(entry.elements.length - present.length);
    else entry.replace(present, entry.capacity);
    this.markDirty(context);
  }

  private indexOf(entry: ListEntry, position: number): number {
    if (entry.capacity === 0) return position < entry.head ? Number.POSITIVE_INFINITY : position - entry.head;
    return (position - (entry.head % entry.capacity) + entry.capacity) % entry.capacity;
  }

  private recount(context: KeyContext, entry: ListEntry): void {
    const bytes = listEntryBytes + entry.elements.length * (8 + entry.elementBytes * heapBytesPerEncodedByte);
    this.scope.cache.resize(context, bytes - entry.countedBytes);
    entry.countedBytes = bytes;
  }
}

const listEntryBytes = 180;

function checkedCapacity(descriptor: ListStateDescriptor<unknown>): number {
  const { maxLength } = descriptor;
  if (maxLength === undefined) return 0;
  if (Number.isSafeInteger(maxLength) && maxLength >= 1) return maxLength;
  throw new MillraceError(
    `List state "${descriptor.name}" has the maxLength ${maxLength}; it must be a whole number of at least 1, or be left out for a list without bound.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}
