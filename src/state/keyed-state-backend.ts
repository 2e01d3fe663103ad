import type { Key } from '../key-groups/key.js';
import type { CheckpointId, ExecutionAttempt, KeyGroupRange, OperatorUid } from '../protocol/ids.js';
import type {
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from './state-descriptors.js';
import type { TimerQueue } from './timer-queue.js';

/**
 * The keyed state of one operator's subtask. Invariant: restored from the handle of checkpoint n it holds
 * exactly what it held when `snapshot(n)` was called; nothing of an incomplete checkpoint is ever visible.
 */
export interface KeyedStateBackend {
  /** Every state access below is for this key until the next call. */
  setCurrentKey(key: Key): void;
  readonly currentKey: Key;

  /** Registered in `open`, before the first record. One name has one kind: @throws when it is asked for as another. */
  valueState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  listState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  mapState<K extends string | number, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
  /**
   * The keys that have something in a registered state (what has expired counts until it is cleaned up), each the
   * current one when it is given, in an order that is the same after a restore. Until all are given, or the
   * iteration is given up, only the state of the key given last may be changed. Undefined stands for one that was
   * looked at and has nothing (any more): it costs as much.
   * @throws MillraceError when there is no such value, list or map state.
   */
  keysOf(stateName: string): Iterator<Key | undefined, undefined>;
  /** Timers live beside the states, in the same snapshot. */
  timerQueue(name: string): TimerQueue;
  /** A queue whose timers belong to a key and a namespace, such as a window. */
  namespacedTimerQueue(name: string): TimerQueue;

  /**
   * Packs every change since the last snapshot before it returns (so the caller may go on changing state at
   * once) and resolves with the handle when it, and every segment before it, is durable.
   */
  snapshot(checkpointId: CheckpointId): Promise<KeyedStateHandle>;
  /** Its segments, and all earlier ones, may be merged into the base in the background. */
  notifyCheckpointComplete(checkpointId: CheckpointId): void;
  readonly stats: KeyedStateStats;
  /** Stops taking work, waits for writes in flight, and closes. */
  close(): Promise<void>;
}

export interface KeyedStateStats {
  /** Entries held in memory, of which changed since the last barrier, and in segments not yet merged. */
  readonly entriesInMemory: number;
  readonly dirtyEntries: number;
  readonly stagedEntries: number;
  readonly mergedCheckpointId: CheckpointId;
  readonly lastSnapshotBytes: number;
}

/**
 * What checkpoint metadata keeps of an operator subtask's keyed state. Plain JSON, opaque to the
 * coordinator: only the state backend looks inside.
 */
export interface KeyedStateHandle {
  readonly kind: 'keyed-state';
  readonly operatorUid: OperatorUid;
  readonly checkpointId: CheckpointId;
  readonly keyGroupRange: KeyGroupRange;
  /** Names the base store, so that a restore never takes an empty or foreign folder for it. */
  readonly storeId: string;
  readonly generation: number;
  /** Segments that are not known to be in the base, oldest first. */
  readonly segments: readonly SegmentRef[];
  /** The state names and their numbers in keys, so that a later job finds them again. */
  readonly states: readonly StateName[];
  readonly bytes: number;
}

export interface SegmentRef {
  readonly attempt: ExecutionAttempt;
  readonly checkpointId: CheckpointId;
  readonly crc32c: number;
  readonly bytes: number;
}

export interface StateName {
  readonly name: string;
  readonly id: number;
  readonly kind: 'value' | 'list' | 'map' | 'timers';
  /** True for a state with TTL, whose cells have another format. */
  readonly hasTtl?: true;
}

export interface KeyedStateOpenRequest {
  readonly operatorUid: OperatorUid;
  readonly attempt: ExecutionAttempt;
  readonly keyGroupRange: KeyGroupRange;
  readonly maxParallelism: number;
  /** The handle to restore; undefined begins an empty store (and only then is one created). */
  readonly restore: KeyedStateHandle | undefined;
  /** A background write or merge that failed for good: the attempt must fail. */
  readonly onFailure: (error: Error) => void;
}

/** Opens the backends of one slot. One LMDB environment a slot, opened by this thread only. */
export interface KeyedStateStore {
  open(request: KeyedStateOpenRequest): Promise<KeyedStateBackend>;
  /** Closes every backend opened through it, and the base. */
  close(): Promise<void>;
}
