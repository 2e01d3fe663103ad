import type { Key } from '../key-groups/key.js';
import { KeyEncoder } from '../key-groups/key-encoding.js';
import { MillraceError } from '../protocol/failures.js';
import { type CheckpointId, checkpointId } from '../protocol/ids.js';
import { ByteWriter } from './byte-writer.js';
import { CachedListState } from './cached-list-state.js';
import { CachedMapState } from './cached-map-state.js';
import { type CachedState, StateScope } from './cached-state.js';
import { CachedTimerQueue } from './cached-timer-queue.js';
import { CachedValueState } from './cached-value-state.js';
import { CellPacker } from './cell-packer.js';
import { SegmentWriter } from './delta-segment.js';
import { readKeyOfRange } from './key-layout.js';
import type {
  KeyedStateBackend,
  KeyedStateHandle,
  KeyedStateOpenRequest,
  KeyedStateStats,
  StateName,
} from './keyed-state-backend.js';
import { keysOfState, type StateOfKeys } from './keys-of-state.js';
import { SegmentLog, type SegmentLogOptions, type StagedSegment } from './segment-log.js';
import { SegmentMerger } from './segment-merger.js';
import type { Cell, StateBase } from './state-base.js';
import type {
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from './state-descriptors.js';
import { StateNames } from './state-names.js';
import { StoredCells } from './stored-cells.js';
import { namespacedTimerOwner, plainTimerOwner } from './timer-owner.js';
import type { TimerQueue } from './timer-queue.js';
import { CellExpiry } from './ttl/cell-expiry.js';
import { ExpiredCellSweep } from './ttl/expired-cell-sweep.js';
import { TtlStates } from './ttl/ttl-states.js';
import { WriteBackCache } from './write-back-cache.js';

/**
 * Keyed state that lives in memory, is made durable as one segment of changes a snapshot, and is merged into
 * a base behind that. Invariant: what a cache miss reads is what the cache last held, because an entry leaves
 * the cache only when the base has it.
 */
export class CachedKeyedStateBackend implements KeyedStateBackend {
  private readonly request: KeyedStateOpenRequest;
  private readonly base: StateBase;
  private readonly names: StateNames;
  private readonly cache: WriteBackCache;
  private readonly scope: StateScope;
  private readonly log: SegmentLog;
  private readonly merger: SegmentMerger;
  private readonly ttlStates: TtlStates;
  private readonly states = new Map<StateName, CachedState>();
  private readonly writer = new ByteWriter(initialSegmentBytes);
  private readonly encoder = new KeyEncoder();
  private lastSnapshotBytes = 0;
  private isClosed = false;

  constructor(request: KeyedStateOpenRequest, restored: RestoredState, options: SegmentLogOptions) {
    const { operatorUid, maxParallelism } = request;
    const { limits, clock, onFailure } = options;
    this.request = request;
    this.base = restored.base;
    this.names = new StateNames(request.restore?.states ?? [], operatorUid);
    this.cache = new WriteBackCache({
      maxParallelism,
      budgetBytes: limits.cacheBudgetBytes,
      evictionStepsMax: limits.evictionStepsMax,
    });
    this.cache.onMerged(restored.base.progress.mergedThrough);
    const stagedSegments = restored.segments.map(({ segment }) => segment);
    const stored = new StoredCells(restored.base, stagedSegments);
    this.scope = new StateScope(this.cache, stored, limits, operatorUid);
    this.log = new SegmentLog(options, restored.segments);
    const { base } = restored;
    const expiry = new CellExpiry(clock);
    this.ttlStates = new TtlStates({
      scope: this.scope,
      names: this.names,
      expiry,
      clock,
      operator: operatorUid,
      register: (name, make) => this.register(name, make),
    });
    this.merger = new SegmentMerger(
      {
        base,
        log: this.log,
        clock,
        limits,
        onMerged: (through) => this.onMerged(through),
        onExpired: (cells) => this.onExpired(cells),
        onFailure,
        expiry,
        sweep: new ExpiredCellSweep(base, expiry, request.keyGroupRange, limits.sweepPageCells),
      },
      // The restored checkpoint is complete, so its segments may be merged.
      request.restore?.checkpointId ?? checkpointId(0),
    );
  }

  setCurrentKey(key: Key): void {
    this.cache.setCurrentKey(key);
  }

  get currentKey(): Key {
    return this.cache.key;
  }

  valueState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    const { ttl } = descriptor;
    if (ttl !== undefined) return this.ttlStates.value(descriptor, ttl);
    const name = this.names.resolve(descriptor.name, 'value');
    return this.register(name, () => new CachedValueState<T>(this.scope, name, descriptor));
  }

  listState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    const { ttl } = descriptor;
    if (ttl !== undefined) return this.ttlStates.list(descriptor, ttl);
    const name = this.names.resolve(descriptor.name, 'list');
    return this.register(name, () => new CachedListState<T>(this.scope, name, descriptor));
  }

  mapState<K extends string | number, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    const { ttl } = descriptor;
    if (ttl !== undefined) return this.ttlStates.map(descriptor, ttl);
    const name = this.names.resolve(descriptor.name, 'map');
    return this.register(name, () => new CachedMapState<K, V>(this.scope, name));
  }

  keysOf(stateName: string): Iterator<Key | undefined, undefined> {
    for (const [name, state] of this.states) {
      if (name.name !== stateName || name.kind === 'timers') continue;
      return keysOfState(this.scope, name, state as StateOfKeys, this.request.keyGroupRange);
    }
    throw new MillraceError(
      `Operator "${this.request.operatorUid}" has no value, list or map state "${stateName}". Register it in open().`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }

  timerQueue(queueName: string): TimerQueue {
    const name = this.names.resolve(queueName, 'timers');
    return this.register(
      name,
      () => new CachedTimerQueue(this.scope, name, this.request.keyGroupRange, plainTimerOwner),
    );
  }

  namespacedTimerQueue(queueName: string): TimerQueue {
    const name = this.names.resolve(queueName, 'timers');
    return this.register(
      name,
      () => new CachedTimerQueue(this.scope, name, this.request.keyGroupRange, namespacedTimerOwner),
    );
  }

  async snapshot(id: CheckpointId): Promise<KeyedStateHandle> {
    const durable = this.pack(id);
    const handle: KeyedStateHandle = {
      kind: 'keyed-state',
      operatorUid: this.request.operatorUid,
      checkpointId: id,
      keyGroupRange: this.request.keyGroupRange,
      storeId: this.base.identity.storeId,
      generation: this.base.identity.generation,
      segments: this.log.refs(),
      states: this.names.all(),
      bytes: this.lastSnapshotBytes,
    };
    await durable;
    await this.merger.whenWithinBound();
    return handle;
  }

  notifyCheckpointComplete(id: CheckpointId): void {
    this.merger.notifyCheckpointComplete(id);
  }

  get stats(): KeyedStateStats {
    let dirtyEntries = 0;
    let timers = 0;
    for (const state of this.states.values()) {
      dirtyEntries += state.dirtyEntries;
      if (state instanceof CachedTimerQueue) timers += state.timersInMemory;
    }
    return {
      entriesInMemory: this.cache.entryCount + timers,
      dirtyEntries,
      stagedEntries: this.log.cellsStaged(),
      mergedCheckpointId: this.base.progress.mergedThrough,
      lastSnapshotBytes: this.lastSnapshotBytes,
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.merger.close();
    await this.log.close();
  }

  /** Asked for again, a state is the same object: two views of one key's entry would not see each other. */
  private register<S extends CachedState>(name: StateName, make: () => S): S {
    const known = this.states.get(name);
    if (known !== undefined) return known as S;
    const state = make();
    this.states.set(name, state);
    return state;
  }

  /** Returns when all is packed, with the promise of its being durable. */
  private pack(id: CheckpointId): Promise<void> {
    if (this.isClosed) throw new Error('A snapshot was asked of keyed state that is closed.');
    const { storeId, generation } = this.base.identity;
    const { operatorUid, attempt } = this.request;
    const header = { storeId, generation, operatorUid, attempt, checkpointId: id };
    const segment = new SegmentWriter(this.writer, header);
    const packer = new CellPacker(segment, this.encoder, id);
    for (const state of this.states.values()) state.pack(packer);
    this.lastSnapshotBytes = 0;
    if (segment.cellCount === 0) return this.log.whenDurable();
    const finished = segment.finish();
    this.lastSnapshotBytes = finished.bytes.length;
    return this.log.append(header, finished);
  }

  private onExpired(cells: readonly Cell[]): void {
    for (const { key } of cells) {
      const owner = readKeyOfRange(key);
      // A key too long to stand in its cells leaves the cache when the budget asks for it.
      if (owner !== undefined) this.cache.forget(owner);
    }
  }

  private onMerged(through: CheckpointId): void {
    // The restored segments are the oldest ones, so the first merge had them all.
    this.scope.stored.dropStaged();
    // Before the cache: what a state still waits for belongs to keys that could not leave it yet.
    for (const state of this.states.values()) state.onMerged(through);
    this.cache.onMerged(through);
  }
}

export interface RestoredState {
  readonly base: StateBase;
  /** Not in the base yet, oldest first, verified. */
  readonly segments: readonly StagedSegment[];
}

/** Grows to the largest snapshot. */
const initialSegmentBytes = 64 * 1024;
