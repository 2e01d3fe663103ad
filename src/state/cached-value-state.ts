import { heapBytesPerEncodedByte, PlainCheck, type StateScope } from './cached-state.js';
import { type CellFormat, plainCells } from './cell-format.js';
import type { CellPacker } from './cell-packer.js';
import type { KeyContext } from './key-context.js';
import { appendKeyRange, skipWholeKey } from './key-layout.js';
import type { StateName } from './keyed-state-backend.js';
import type { StateOfKeys } from './keys-of-state.js';
import type { ValueState, ValueStateDescriptor } from './state-descriptors.js';
import type { WriteBackCache } from './write-back-cache.js';

/** A value for each key, live in memory: reading and updating a cached one neither encodes nor allocates. */
export class CachedValueState<T> implements ValueState<T>, StateOfKeys {
  private readonly scope: StateScope;
  private readonly cache: WriteBackCache;
  private readonly id: number;
  readonly slot: number;
  private readonly defaultValue: T | undefined;
  private readonly what: string;
  private readonly format: CellFormat;
  private readonly plain: PlainCheck;
  private dirty: KeyContext[] = [];
  private averageBytes = 0;

  constructor(
    scope: StateScope,
    name: StateName,
    descriptor: ValueStateDescriptor<T>,
    format: CellFormat = plainCells,
  ) {
    this.scope = scope;
    this.cache = scope.cache;
    this.id = name.id;
    this.slot = scope.cache.addSlot();
    this.defaultValue = descriptor.defaultValue;
    this.what = `The value of ${scope.describe(name)}`;
    this.format = format;
    this.plain = new PlainCheck(this.what, format);
  }

  value(): T | undefined {
    const value = this.current();
    return value === absent ? this.defaultValue : (value as T);
  }

  isEmpty(): boolean {
    return this.current() === absent;
  }

  update(value: T): void {
    this.plain.check(value);
    this.write(value === undefined ? absent : value);
  }

  clear(): void {
    this.write(absent);
  }

  get dirtyEntries(): number {
    return this.dirty.length;
  }

  pack(packer: CellPacker): void {
    for (const context of this.dirty) {
      context.markPacked(this.slot, packer.checkpointId);
      const isAddressed = packer.beginCell(context, this.id);
      const value = context.get(this.slot);
      if (value === absent) {
        packer.segment.endRemovedCell();
      } else {
        packer.beginValue(context.key, isAddressed);
        this.format.append(packer.writer, value, this.what);
        this.learnSize(packer.segment.endCell());
      }
    }
    this.dirty = [];
    this.cache.setBytesEach(this.slot, this.averageBytes * heapBytesPerEncodedByte);
  }

  onMerged(): void {}

  private current(): unknown {
    const context = this.cache.current();
    const value = context.get(this.slot);
    return value === undefined ? this.load(context) : value;
  }

  private write(value: unknown): void {
    const context = this.cache.current();
    // What was there before is overwritten, so it need not be read.
    if (context.get(this.slot) === undefined) this.cache.countEntry(this.slot);
    context.set(this.slot, value);
    if (context.markDirty(this.slot)) this.dirty.push(context);
  }

  private load(context: KeyContext): unknown {
    const value = this.read(context);
    context.set(this.slot, value);
    this.cache.countEntry(this.slot);
    return value;
  }

  private read(context: KeyContext): unknown {
    const { stored, scratch, encoder } = this.scope;
    if (!stored.mayHoldCells()) return absent;
    scratch.reset();
    const isAddressed = appendKeyRange(scratch, context.keyGroup, this.id, encoder, context.key);
    const bytes = stored.get(scratch.written());
    if (bytes === undefined) return absent;
    this.learnSize(bytes.length);
    this.cache.setBytesEach(this.slot, this.averageBytes * heapBytesPerEncodedByte);
    return this.format.read(bytes, isAddressed ? skipWholeKey(bytes, 0) : 0, this.what);
  }

  /** The cache's budget counts values by their average, which follows the latest ones. */
  private learnSize(encodedBytes: number): void {
    this.averageBytes += (encodedBytes - this.averageBytes) * sizeLearningRate;
  }
}

/** Stands in a slot for "the key has no value", since undefined means "not read yet". */
const absent = Symbol('absent');

/** The average of about the last hundred. */
const sizeLearningRate = 0.01;
