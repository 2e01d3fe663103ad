import type { Key } from '../key-groups/key.js';
import { decodeKey } from '../key-groups/key-decoding.js';
import type { KeyGroupRange } from '../protocol/ids.js';
import type { CachedState, StateScope } from './cached-state.js';
import type { CellPacker } from './cell-packer.js';
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
import type { StateName } from './keyed-state-backend.js';
import type { Cell } from './state-base.js';
import { compareTimers, Timer, TimerHeap } from './timer-heap.js';
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
  private readonly byId = new Map<string, Timer>();
  private readonly heap = new TimerHeap();
  private readonly unloaded: UnloadedTimers;
  private dirty: Timer[] = [];
  /** How many of `dirty` are of no interest any more. */
  private goneCount = 0;
  /** Packed as removed; to be forgotten when that is merged. */
  private removals: Timer[] = [];
  private mergedThrough = 0;
  private readonly ownerFormat: TimerOwnerFormat;
  polledNamespace: string | undefined = undefined;

  constructor(scope: StateScope, name: StateName, range: KeyGroupRange, ownerFormat: TimerOwnerFormat) {
    this.scope = scope;
    this.id = name.id;
    this.ownerFormat = ownerFormat;
    this.unloaded = new UnloadedTimers(scope.stored, name.id, range, scope.scratch);
  }

  register(timestamp: number, namespace?: string): void {
    const context = this.scope.cache.current();
    const { key, keyGroup } = context;
    const owner = this.ownerFormat.ownerOf(key, namespace);
    const id = this.idOf(timestamp, owner, keyGroup);
    const known = this.byId.get(id);
    if (known?.registered) return;
    const timer = known ?? new Timer(timestamp, keyGroup, id, owner);
    // Stored but not read: registering it once more changes nothing, and is cheaper than finding out.
    if (known === undefined) timer.stored = this.unloaded.covers(keyGroup, this.scope.scratch);
    timer.registered = true;
    timer.context = context;
    this.byId.set(id, timer);
    this.heap.push(timer);
    this.markDirty(timer);
  }

  delete(timestamp: number, namespace?: string): void {
    const { key, keyGroup } = this.scope.cache.current();
    const owner = this.ownerFormat.ownerOf(key, namespace);
    const id = this.idOf(timestamp, owner, keyGroup);
    const known = this.byId.get(id);
    if (known !== undefined) {
      if (known.registered) this.remove(known);
      return;
    }
    if (!this.unloaded.covers(keyGroup, this.scope.scratch)) return;
    const timer = new Timer(timestamp, keyGroup, id, owner);
    timer.stored = true;
    timer.registered = false;
    this.byId.set(id, timer);
    this.markDirty(timer);
  }

  nextTimestamp(): number {
    while (this.heap.earliestTimestamp > this.unloaded.earliestTimestamp) this.loadPage();
    return this.heap.earliestTimestamp;
  }

  pollDue(upTo: number): number | undefined {
    // Mostly nothing is due: that is found out without looking at single timers, which are in no order until then.
    if (this.nextTimestamp() > upTo) return undefined;
    const timer = this.earliest();
    if (timer === undefined) return undefined;
    this.remove(timer);
    timer.owner ??= decodeKey(Buffer.from(timer.id.slice(timerKeyOffset - stateRangeBytes), 'latin1'));
    if (timer.context !== undefined) this.scope.cache.setCurrentContext(timer.context);
    else this.scope.cache.setCurrentKey(this.ownerFormat.keyOf(timer.owner));
    // A timer that is only kept to be removed from the base needs it no more.
    timer.context = undefined;
    this.polledNamespace = this.ownerFormat.namespaceOf(timer.owner);
    return timer.timestamp;
  }

  get dirtyEntries(): number {
    return this.dirty.length - this.goneCount;
  }

  get timersInMemory(): number {
    return this.byId.size;
  }

  pack(packer: CellPacker): void {
    for (const timer of this.dirty) {
      if (!timer.dirty) continue;
      timer.dirty = false;
      timer.packedIn = packer.checkpointId;
      packer.segment.beginCell();
      appendStateRange(packer.writer, timer.keyGroup, this.id);
      packer.writer.append(Buffer.from(timer.id, 'latin1'));
      if (timer.registered) {
        timer.stored = true;
        packer.segment.beginValue();
        if (timer.id.charCodeAt(timerKeyOffset - stateRangeBytes) === addressChar) {
          appendWholeKey(packer.writer, packer.encoder, timer.owner!);
        }
        packer.segment.endCell();
      } else {
        packer.segment.endRemovedCell();
        this.removals.push(timer);
      }
    }
    this.dirty = [];
    this.goneCount = 0;
  }

  onMerged(mergedThrough: number): void {
    this.mergedThrough = mergedThrough;
    this.removals = this.removals.filter((timer) => {
      if (timer.registered || timer.dirty) return false;
      if (timer.packedIn > mergedThrough) return true;
      this.byId.delete(timer.id);
      return false;
    });
    if (this.heap.size > this.scope.limits.timersInMemoryMax) this.unloadLatest();
  }

  /** Once the next timestamp is known: of the timers that have it, the first may still be unread. */
  private earliest(): Timer | undefined {
    for (;;) {
      const timer = this.heap.peek();
      const isFirst =
        timer === undefined ||
        timer.timestamp < this.unloaded.earliestTimestamp ||
        timer.id < this.unloaded.earliestId;
      if (isFirst) return timer;
      this.loadPage();
    }
  }

  private loadPage(): void {
    const cells = this.unloaded.readPage(this.scope.limits.scanPageCells, this.scope.scratch);
    for (const cell of cells) this.load(cell);
  }

  private load(cell: Cell): void {
    const id = cell.key.latin1Slice(stateRangeBytes, cell.key.length);
    const known = this.byId.get(id);
    if (known !== undefined) {
      known.stored = true;
      return;
    }
    const owner = isAddress(cell.key, timerKeyOffset) ? readWholeKey(cell.value, 0) : undefined;
    const timer = new Timer(readTimestamp(cell.key, stateRangeBytes), cell.key.readUInt16BE(0), id, owner);
    timer.stored = true;
    this.byId.set(id, timer);
    this.heap.push(timer);
  }

  private remove(timer: Timer): void {
    this.heap.remove(timer);
    timer.registered = false;
    if (timer.stored) this.markDirty(timer);
    else this.forgetUnstored(timer);
  }

  /** Registered and gone between two snapshots: nothing of it was ever written. */
  private forgetUnstored(timer: Timer): void {
    this.byId.delete(timer.id);
    timer.dirty = false;
    this.goneCount += 1;
    if (this.goneCount < goneMin || this.goneCount * 2 < this.dirty.length) return;
    this.dirty = this.dirty.filter((other) => other.dirty);
    this.goneCount = 0;
  }

  private markDirty(timer: Timer): void {
    if (timer.dirty) return;
    timer.dirty = true;
    this.dirty.push(timer);
  }

  /** Lets the later half of the merged timers leave memory. */
  private unloadLatest(): void {
    const merged = [...this.byId.values()].filter((timer) => this.isMerged(timer)).sort(compareTimers);
    const first = merged[merged.length >> 1];
    if (first === undefined) return;
    this.unloaded.unloadFrom(first.id, this.scope.scratch);
    const kept: Timer[] = [];
    for (const timer of this.byId.values()) {
      if (this.isMerged(timer) && compareTimers(timer, first) >= 0) this.byId.delete(timer.id);
      else if (timer.registered) kept.push(timer);
    }
    this.heap.replaceAll(kept);
  }

  private isMerged(timer: Timer): boolean {
    return timer.registered && timer.stored && !timer.dirty && timer.packedIn <= this.mergedThrough;
  }

  /** Leaves the whole cell key in `scratch`. */
  private idOf(timestamp: number, owner: Key, keyGroup: number): string {
    const { scratch, encoder } = this.scope;
    scratch.reset();
    appendStateRange(scratch, keyGroup, this.id);
    appendTimestamp(scratch, timestamp);
    appendTimerKey(scratch, encoder, owner);
    return scratch.bytes.latin1Slice(stateRangeBytes, scratch.length);
  }
}

/** 0xff, the first byte of an address, as a character of an id. */
const addressChar = 0xff;

/** Below this the list of dirty timers is not worth tidying. */
const goneMin = 1024;
