import {
  type CachedState,
  decodeStored,
  heapBytesPerEncodedByte,
  PlainCheck,
  type StateScope,
} from './cached-state.js';
import type { CellPacker } from './cell-packer.js';
import type { KeyContext } from './key-context.js';
import { appendKeyRange, skipWholeKey } from './key-layout.js';
import type { StateName } from './keyed-state-backend.js';
import { encodePlainValue } from './plain-value-encoding.js';
import type { ValueState, ValueStateDescriptor } from './state-descriptors.js';
import type { WriteBackCache } from './write-back-cache.js';

/** A value for each key, live in memory: reading and updating a cached one neither encodes nor allocates. */
export class CachedValueState<T> implements ValueState<T>, CachedState {
  private readonly scope: StateScope;
  private readonly cache: WriteBackCache;
  private readonly id: number;
  private readonly slot: number;
  private readonly defaultValue: T | undefined;
  private readonly what: string;
  private readonly plain: PlainCheck;
  private dirty: KeyContext[] = [];

  constructor(scope: StateScope, name: StateName, descriptor: ValueStateDescriptor<T>) {
    this.scope = scope;
    this.cache = scope.cache;
    this.id = name.id;
    this.slot = scope.cache.addSlot();
    this.defaultValue = descriptor.defaultValue;
    this.what = `The value of ${scope.describe(name)}`;
    this.plain = new PlainCheck(this.what);
  }

  value(): T | undefined {
    const context = this.cache.current();
    let entry = context.slots[this.slot] as ValueEntry | undefined;
    if (entry === undefined) entry = this.load(context);
    return entry.value === undefined ? this.defaultValue : (entry.value as T);
  }

  update(value: T): void {
    this.plain.check(value);
    this.write(value);
  }

  clear(): void {
    this.write(undefined);
  }

  get dirtyEntries(): number {
    return this.dirty.length;
  }

  pack(packer: CellPacker): void {
    for (const context of this.dirty) {
      const entry = context.slots[this.slot] as ValueEntry;
      entry.dirty = false;
      context.dirtyEntries -= 1;
      context.packedIn = packer.checkpointId;
      const isAddressed = packer.beginCell(context, this.id);
      if (entry.value === undefined) {
        packer.segment.endRemovedCell();
        this.resize(context, entry, 0);
      } else {
        packer.beginValue(context.key, isAddressed);
        encodePlainValue(packer.writer, entry.value, this.what);
        this.resize(context, entry, packer.segment.endCell());
      }
    }
    this.dirty = [];
  }

  onMerged(): void {}

  private write(value: unknown): void {
    const context = this.cache.current();
    let entry = context.slots[this.slot] as ValueEntry | undefined;
    // What was there before is overwritten, so it need not be read.
    if (entry === undefined) entry = this.addEntry(context);
    entry.value = value;
    if (entry.dirty) return;
    entry.dirty = true;
    context.dirtyEntries += 1;
    this.dirty.push(context);
  }

  private load(context: KeyContext): ValueEntry {
    const entry = this.addEntry(context);
    const { stored, scratch, encoder } = this.scope;
    if (!stored.mayHoldCells()) return entry;
    scratch.reset();
    const isAddressed = appendKeyRange(scratch, context.keyGroup, this.id, encoder, context.key);
    const bytes = stored.get(scratch.written());
    if (bytes === undefined) return entry;
    entry.value = decodeStored(bytes, isAddressed ? skipWholeKey(bytes, 0) : 0, this.what);
    this.resize(context, entry, bytes.length);
    return entry;
  }

  private addEntry(context: KeyContext): ValueEntry {
    const entry = new ValueEntry();
    context.slots[this.slot] = entry;
    this.cache.entryCount += 1;
    this.cache.resize(context, valueEntryBytes);
    return entry;
  }

  private resize(context: KeyContext, entry: ValueEntry, encodedBytes: number): void {
    if (entry.encodedBytes === encodedBytes) return;
    this.cache.resize(context, (encodedBytes - entry.encodedBytes) * heapBytesPerEncodedByte);
    entry.encodedBytes = encodedBytes;
  }
}

class ValueEntry {
  /** Undefined when the key has no value. */
  value: unknown = undefined;
  dirty = false;
  encodedBytes = 0;
}

const valueEntryBytes = 56;
