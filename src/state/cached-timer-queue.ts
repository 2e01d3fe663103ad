import { decodeKey } from '../key-groups/key-decoding.js';
import type { KeyGroupRange } from '../protocol/ids.js';
import type { CachedState, StateScope } from './cached-state.js';
import type { CellPacker } from './cell-packer.js';
import { DirtyList } from './dirty-list.js';
import type { KeyContext } from './key-context.js';
import {
  appendStateRange,
  appendTimerKey,
  appendTimestamp,
  appendWholeKey,
  isAddress,
  readTimestamp,
  readWholeKey,
  timerKeyOffset,
} from './key-layout.js';
import { KeyTimers } from './key-timers.js';
import type { StateName } from './keyed-state-backend.js';
import type { Cell } from './state-base.js';
import { Timer } from './timer.js';
import { TimerHeap } from './timer-heap.js';
import type { TimerOwnerFormat } from './timer-owner.js';
import type { TimerQueue } from './timer-queue.js';
import { stateRangeBytes, UnloadedTimers } from './unloaded-timers.js';

/**
 * Timers in the order of their time. Invariant: in memory are all stored timers before what `unloaded`
 * covers, and every change that is not yet merged, wherever it lies; so what is read from the base is known
 * to be in force unless memory says otherwise.
 */
export class CachedTimerQueue implements TimerQueue, CachedState {
  private readonly scope: StateScope;
  private readonly id: number;
  private readonly heap = new TimerHeap();
  private readonly unloaded: UnloadedTimers;
  private readonly dirty = new DirtyList<Timer>();
  /** Packed as removed; to be forgotten when that is merged. */
  private removals: Timer[] = [];
  private mergedThrough = 0;
  private readonly ownerFormat: TimerOwnerFormat;
  timersInMemory = 0;
  polledNamespace: string | undefined = undefined;

  constructor(scope: StateScope, name: StateName, range: KeyGroupRange, ownerFormat: TimerOwnerFormat) {
    this.scope = scope;
    this.id = name.id;
    this.ownerFormat = ownerFormat;
    this.unloaded = new UnloadedTimers(scope.stored, name.id, range, scope.scratch);
  }

  register(timestamp: number, namespace?: string): void {
    const context = this.scope.cache.current();
    const known = context.timers?.find(this, timestamp, namespace);
    if (known?.registered) return;
    const timer = known ?? this.addTimer(timestamp, namespace, context);
    // Stored but not read: registering it once more changes nothing, and is cheaper than finding out.
    if (known === undefined) timer.stored = this.isUnloaded(timer);
    timer.registered = true;
    this.heap.add(timer);
    this.dirty.add(timer);
  }

  delete(timestamp: number, namespace?: string): void {
    const context = this.scope.cache.current();
    const known = context.timers?.find(this, timestamp, namespace);
    if (known !== undefined) {
      if (known.registered) this.remove(known);
      return;
    }
    const timer = new Timer(this, timestamp, namespace, context);
    if (!this.isUnloaded(timer)) return;
    timer.stored = true;
    timer.registered = false;
    this.keep(timer);
    this.dirty.add(timer);
  }

  nextTimestamp(): number {
    while (this.heap.earliestTimestamp > this.unloaded.earliestTimestamp) this.loadPage();
    return this.heap.earliestTimestamp;
  }

  pollDue(upTo: number): number | undefined {
    if (this.nextTimestamp() > upTo) return undefined;
    // Of those with this timestamp that are not in memory, the first are read when these are through.
    const timer = this.heap.peek();
    if (timer === undefined) return undefined;
    this.scope.cache.setCurrentContext(timer.context);
    this.remove(timer);
    this.polledNamespace = timer.namespace;
    return timer.timestamp;
  }

  get dirtyEntries(): number {
    return this.dirty.size;
  }

  pack(packer: CellPacker): void {
    for (const timer of this.dirty.take()) {
      timer.packedIn = packer.checkpointId;
      packer.segment.beginCell();
      const owner = this.ownerFormat.ownerOf(timer.context.key, timer.namespace);
      appendStateRange(packer.writer, timer.context.keyGroup, this.id);
      appendTimestamp(packer.writer, timer.timestamp);
      const isAddressed = appendTimerKey(packer.writer, packer.encoder, owner);
      if (timer.registered) {
        packer.segment.beginValue(!timer.stored);
        timer.stored = true;
        if (isAddressed) appendWholeKey(packer.writer, packer.encoder, owner);
        packer.segment.endCell();
      } else {
        packer.segment.endRemovedCell();
        this.removals.push(timer);
      }
    }
  }

  onMerged(mergedThrough: number): void {
    this.mergedThrough = mergedThrough;
    this.removals = this.removals.filter((timer) => {
      // One that was set and removed again meanwhile is in the list twice, and is forgotten already.
      if (timer.registered || timer.isDirty || !timer.stored) return false;
      if (timer.packedIn > mergedThrough) return true;
      timer.stored = false;
      this.forget(timer);
      return false;
    });
    if (this.heap.size > this.scope.limits.timersInMemoryMax) this.unloadLatest();
  }

  private loadPage(): void {
    const cells = this.unloaded.readPage(this.scope.limits.scanPageCells, this.scope.scratch);
    for (const cell of cells) this.load(cell);
  }

  private load({ key: cellKey, value }: Cell): void {
    const owner = isAddress(cellKey, timerKeyOffset)
      ? readWholeKey(value, 0)
      : decodeKey(cellKey.subarray(timerKeyOffset));
    const context = this.scope.cache.contextOf(this.ownerFormat.keyOf(owner));
    const timestamp = readTimestamp(cellKey, stateRangeBytes);
    const namespace = this.ownerFormat.namespaceOf(owner);
    const known = context.timers?.find(this, timestamp, namespace);
    const timer = known ?? this.addTimer(timestamp, namespace, context);
    timer.stored = true;
    if (known === undefined) this.heap.add(timer);
  }

  private addTimer(timestamp: number, namespace: string | undefined, context: KeyContext): Timer {
    const timer = new Timer(this, timestamp, namespace, context);
    this.keep(timer);
    return timer;
  }

  private keep(timer: Timer): void {
    timer.context.timers ??= new KeyTimers();
    timer.context.timers.add(timer);
    this.timersInMemory += 1;
  }

  private forget(timer: Timer): void {
    timer.context.timers?.delete(timer);
    this.timersInMemory -= 1;
    this.scope.cache.forgetTimer(timer.context);
  }

  private remove(timer: Timer): void {
    this.heap.remove(timer);
    timer.registered = false;
    if (timer.stored) {
      this.dirty.add(timer);
      return;
    }
    // Registered and gone between two snapshots: nothing of it was ever written.
    this.dirty.delete(timer);
    this.forget(timer);
  }

  /** Whether the base may hold it among the timers that are not in memory. */
  private isUnloaded(timer: Timer): boolean {
    const { keyGroup } = timer.context;
    return this.unloaded.reaches(keyGroup) && this.unloaded.covers(keyGroup, this.cellKeyOf(timer));
  }

  /** Lets about the later half of the merged timers leave memory. */
  private unloadLatest(): void {
    const merged = [...this.heap.timers()].filter((timer) => this.isMerged(timer));
    if (merged.length === 0) return;
    const times = Float64Array.from(merged, ({ timestamp }) => timestamp).sort();
    const middle = times[times.length >> 1]!;
    // A great many may be of one timestamp: of those, too, the later half by their place in the base.
    const from = this.middlePlaceOf(merged.filter(({ timestamp }) => timestamp === middle));
    this.unloaded.unloadFrom(from, this.scope.scratch);
    const kept: Timer[] = [];
    for (const timer of this.heap.timers()) {
      const isUnloaded =
        this.isMerged(timer) &&
        (timer.timestamp > middle ||
          (timer.timestamp === middle && Buffer.compare(this.placeOf(timer), from) >= 0));
      if (isUnloaded) this.forget(timer);
      else kept.push(timer);
    }
    this.heap.replaceAll(kept);
  }

  private isMerged(timer: Timer): boolean {
    return timer.stored && !timer.isDirty && timer.packedIn <= this.mergedThrough;
  }

  /** About the middle one: of 260,000 timers, copying and sorting all places took 0.15 s more, in which no record went on. */
  private middlePlaceOf(timers: readonly Timer[]): Buffer {
    const step = Math.ceil(timers.length / placesSortedMax);
    const some = timers.filter((_, index) => index % step === 0);
    const places = some.map((timer) => Buffer.from(this.placeOf(timer)));
    return places.sort(Buffer.compare)[places.length >> 1]!;
  }

  /** What of its cell's key follows `key group | state`, in memory that the next call uses again. */
  private placeOf(timer: Timer): Buffer {
    return this.cellKeyOf(timer).subarray(stateRangeBytes);
  }

  /** In memory that the next call uses again. */
  private cellKeyOf({ context, timestamp, namespace }: Timer): Buffer {
    const { scratch, encoder } = this.scope;
    scratch.reset();
    appendStateRange(scratch, context.keyGroup, this.id);
    appendTimestamp(scratch, timestamp);
    appendTimerKey(scratch, encoder, this.ownerFormat.ownerOf(context.key, namespace));
    return scratch.written();
  }
}

/** Enough for halves that differ by a few hundredths. */
const placesSortedMax = 1_000;
