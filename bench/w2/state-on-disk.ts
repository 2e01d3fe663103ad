import { setTimeout as pause } from 'node:timers/promises';
import { CheckpointStore } from '#dist/checkpoint/checkpoint-store.js';
import { NodeFiles } from '#dist/host/node-files.js';
import { subtaskForKeyGroup } from '#dist/key-groups/key-group-assignment.js';
import { KeyGroupHasher } from '#dist/key-groups/key-group-hasher.js';
import {
  executionAttempt,
  keyGroup,
  type OperatorUid,
  operatorUid,
  type SubtaskIndex,
  slotIndex,
} from '#dist/protocol/ids.js';
import type { KeyedStateBackend, KeyedStateHandle } from '#dist/state/keyed-state-backend.js';
import { openKeyedStateStore } from '#dist/state/open-keyed-state-store.js';

/** What lies in the state folder of a job that has ended, as its last checkpoint names it. */
export interface StateOnDisk<T> {
  /** The value of each of the keys that has one. */
  readonly values: ReadonlyMap<string, T>;
  readonly checkpointId: number;
  /** The checkpoint that the LMDB stores held when they were opened, the least over the subtasks. */
  readonly mergedThrough: number;
}

interface ValueStateAddress {
  readonly operatorUid: string;
  readonly stateName: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
}

/**
 * Restores the last checkpoint of each subtask, lets it be merged to its end, and reads every key from LMDB:
 * the cache of a store just opened is empty.
 */
export async function readStateOnDisk<T>(
  stateDir: string,
  address: ValueStateAddress,
  keys: Iterable<string>,
): Promise<StateOnDisk<T>> {
  const { newestCheckpoint } = await new CheckpointStore(new NodeFiles(stateDir), stateDir).read();
  if (newestCheckpoint === undefined) throw new Error(`There is no checkpoint in ${stateDir}.`);
  const { metadata } = newestCheckpoint;
  const keysOf = keysBySubtask(keys, address);
  const values = new Map<string, T>();
  let mergedThrough = Number.POSITIVE_INFINITY;
  for (const { operatorUid: uid, subtaskIndex, snapshot } of metadata.subtasks) {
    if (uid !== address.operatorUid || snapshot.keyedState === undefined) continue;
    const handle = snapshot.keyedState as unknown as KeyedStateHandle;
    await withBackend(stateDir, subtaskIndex, handle, address, async (backend) => {
      mergedThrough = Math.min(mergedThrough, backend.stats.mergedCheckpointId);
      const state = backend.valueState<T>({ name: address.stateName });
      await untilMerged(backend, handle);
      for (const key of keysOf[subtaskIndex] ?? []) {
        backend.setCurrentKey(key);
        const value = state.value();
        if (value !== undefined) values.set(key, value);
      }
    });
  }
  return { values, checkpointId: metadata.checkpointId, mergedThrough };
}

async function withBackend(
  stateDir: string,
  subtaskIndex: SubtaskIndex,
  handle: KeyedStateHandle,
  address: ValueStateAddress,
  read: (backend: KeyedStateBackend) => Promise<void>,
): Promise<void> {
  const store = openKeyedStateStore({ stateDir, slot: slotIndex(subtaskIndex) });
  try {
    const failure: { error?: Error } = {};
    const backend = await store.open({
      operatorUid: operatorUid(address.operatorUid) satisfies OperatorUid,
      attempt: executionAttempt(Number.MAX_SAFE_INTEGER),
      keyGroupRange: handle.keyGroupRange,
      maxParallelism: address.maxParallelism,
      restore: handle,
      onFailure: (error) => {
        failure.error = error;
      },
    });
    await read(backend);
    if (failure.error !== undefined) throw failure.error;
  } finally {
    await store.close();
  }
}

async function untilMerged(backend: KeyedStateBackend, handle: KeyedStateHandle): Promise<void> {
  if (handle.segments.length === 0) return;
  for (const deadline = performance.now() + mergeTimeoutMs; backend.stats.stagedEntries > 0; ) {
    if (performance.now() > deadline) throw new Error(`The merge took more than ${mergeTimeoutMs} ms.`);
    await pause(mergePollMs);
  }
}

function keysBySubtask(keys: Iterable<string>, address: ValueStateAddress): readonly (readonly string[])[] {
  const { parallelism, maxParallelism } = address;
  const hasher = new KeyGroupHasher(maxParallelism);
  const bySubtask = Array.from({ length: parallelism }, (): string[] => []);
  for (const key of keys) {
    const group = keyGroup(hasher.keyGroupOf(key));
    bySubtask[subtaskForKeyGroup(group, parallelism, maxParallelism)]?.push(key);
  }
  return bySubtask;
}

/** Far beyond the merge of one checkpoint. */
const mergeTimeoutMs = 60_000;
const mergePollMs = 10;
