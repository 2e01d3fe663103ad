import type { Key, PrimitiveKey } from '../key-groups/key.js';
import { KeyEncoder } from '../key-groups/key-encoding.js';
import { keyGroupForEncodedKey } from '../key-groups/key-group-assignment.js';
import { MillraceError } from '../protocol/failures.js';
import { EvictionSweep } from './eviction-sweep.js';
import { KeyContext, keyContextBytes } from './key-context.js';

/**
 * The live entries of one operator's keyed state, by key. Invariants: an entry leaves memory only when the
 * base holds it as it is here; a dirty or staged one that left would be read back as it was before. And a key's
 * context is found here for as long as it has entries or timers, or one key would have two.
 */
export class WriteBackCache {
  private readonly options: WriteBackCacheOptions;
  private readonly encoder = new KeyEncoder();
  private readonly byPrimitive = new Map<PrimitiveKey, KeyContext>();
  /** Tuples and byte strings have no identity in a Map, so they are found by their encoding. */
  private readonly byEncoding = new Map<string, KeyContext>();
  private currentKey: Key | undefined;
  private currentContext: KeyContext | undefined;
  /** Bytes of all contexts, without what is counted by slot. */
  private contextBytes = 0;
  private readonly slots: SlotCount[] = [];
  private mergedThrough = 0;
  private readonly sweep = new EvictionSweep();

  constructor(options: WriteBackCacheOptions) {
    this.options = options;
  }

  /** A new state's place in each key's context. */
  addSlot(): number {
    return this.slots.push({ entries: 0, bytesEach: 0 }) - 1;
  }

  get key(): Key {
    if (this.currentKey === undefined) throw noCurrentKey();
    return this.currentKey;
  }

  setCurrentKey(key: Key): void {
    // A tuple or byte array could have been changed in place by its owner, so only primitives are compared.
    if (key === this.currentKey && typeof key !== 'object') return;
    this.currentKey = key;
    this.currentContext = undefined;
  }

  /** As `setCurrentKey` with its key, without the look-up. The context must have timers, or it may not be the key's any more. */
  setCurrentContext(context: KeyContext): void {
    this.currentKey = context.key;
    this.use(context);
  }

  /** Of any key, made when it is not in memory; it is to be used, or given a timer. */
  contextOf(key: Key): KeyContext {
    return this.find(key) ?? this.add(key);
  }

  /** Of the current key, made when it is not in memory. */
  current(): KeyContext {
    return this.currentContext ?? this.findCurrent();
  }

  /** Tells that a state has put something into its slot of a context for the first time. */
  countEntry(slot: number): void {
    this.slots[slot]!.entries += 1;
  }

  /** What each of a slot's entries takes, where a state knows no better than their average. */
  setBytesEach(slot: number, bytes: number): void {
    this.slots[slot]!.bytesEach = bytes;
  }

  /** For states that know what each of their entries takes. */
  resize(context: KeyContext, bytesMore: number): void {
    context.bytes += bytesMore;
    this.contextBytes += bytesMore;
  }

  /** The segments up to this checkpoint are in the base. */
  onMerged(mergedThrough: number): void {
    this.mergedThrough = mergedThrough;
    this.evict(sweepStepsAfterMerge);
  }

  /** The base has lost something of this key that was over: it has no use for its place in memory, unless it changed. */
  forget(key: Key): void {
    const context = this.find(key);
    if (context !== undefined && this.sweep.has(context)) this.evictIfMerged(context);
  }

  /** A queue has let go of a timer of this key. */
  forgetTimer(context: KeyContext): void {
    if (!this.sweep.has(context) && !context.hasTimers) this.delete(context);
  }

  /** By key group, the keys of which something is in this slot. */
  keysByGroup(slot: number): Map<number, Key[]> {
    const keys = new Map<number, Key[]>();
    for (const context of this.sweep) {
      if (context.get(slot) === undefined) continue;
      const ofGroup = keys.get(context.keyGroup);
      if (ofGroup === undefined) keys.set(context.keyGroup, [context.key]);
      else ofGroup.push(context.key);
    }
    return keys;
  }

  get entryCount(): number {
    return this.slots.reduce((sum, slot) => sum + slot.entries, 0);
  }

  get estimatedBytes(): number {
    let bytes = this.contextBytes;
    for (const slot of this.slots) bytes += slot.entries * slot.bytesEach;
    return bytes;
  }

  private findCurrent(): KeyContext {
    const context = this.contextOf(this.key);
    this.use(context);
    return context;
  }

  private use(context: KeyContext): void {
    context.referenced = true;
    this.currentContext = context;
    if (this.sweep.has(context)) return;
    this.sweep.add(context);
    this.resize(context, keyContextBytes);
    // Only now that it is known to be in use: it has nothing to lose yet and would go first.
    this.evict(this.options.evictionStepsMax);
  }

  private find(key: Key): KeyContext | undefined {
    return typeof key === 'object' ? this.byEncoding.get(this.encoded(key)) : this.byPrimitive.get(key);
  }

  private add(key: Key): KeyContext {
    const size = this.encoder.encode(key);
    const keyGroup = keyGroupForEncodedKey(this.encoder.bytes, this.options.maxParallelism, size);
    const context = new KeyContext(key, keyGroup);
    if (typeof key === 'object') this.byEncoding.set(this.encoded(key), context);
    else this.byPrimitive.set(key, context);
    return context;
  }

  private encoded(key: Key): string {
    const size = this.encoder.encode(key);
    const { buffer, byteOffset } = this.encoder.bytes;
    return Buffer.from(buffer, byteOffset, size).latin1Slice(0, size);
  }

  /** Looks at up to `steps` contexts, until the cache is within its budget. */
  private evict(steps: number): void {
    for (let step = 0; step < steps && this.estimatedBytes > this.options.budgetBytes; step++) {
      const context = this.sweep.next();
      if (context !== undefined) this.evictIfMerged(context);
    }
  }

  /** Of a key with timers the states' entries leave memory, and the context stays for the timers. */
  private evictIfMerged(context: KeyContext): void {
    if (context === this.currentContext || !context.isMerged(this.mergedThrough)) return;
    this.sweep.delete(context);
    this.contextBytes -= context.bytes;
    for (let slot = 0; slot < this.slots.length; slot++) {
      if (context.get(slot) !== undefined) this.slots[slot]!.entries -= 1;
    }
    context.evict();
    if (!context.hasTimers) this.delete(context);
  }

  private delete({ key }: KeyContext): void {
    if (typeof key === 'object') this.byEncoding.delete(this.encoded(key));
    else this.byPrimitive.delete(key);
  }
}

interface SlotCount {
  entries: number;
  bytesEach: number;
}

export interface WriteBackCacheOptions {
  readonly maxParallelism: number;
  readonly budgetBytes: number;
  readonly evictionStepsMax: number;
}

/** About a millisecond: a merge frees many entries at once, and not only new keys should make use of it. */
const sweepStepsAfterMerge = 20_000;

function noCurrentKey(): MillraceError {
  return new MillraceError(
    'Keyed state was used without a current key. Use it only in processElement and onTimer of a keyed function.',
    { domain: 'user-code', action: 'fail-job' },
  );
}
