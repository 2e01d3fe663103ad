import { encodeKey } from '../../src/key-groups/key-encoding.js';
import {
  keyGroupForEncodedKey,
  keyGroupRangeForSubtask,
  subtaskForKeyGroup,
} from '../../src/key-groups/key-group-assignment.js';
import { executionAttempt, type OperatorUid, subtaskIndex } from '../../src/protocol/ids.js';
import type { KeyedStateBackend, KeyedStateHandle } from '../../src/state/keyed-state-backend.js';
import type { ExpectedState } from './naive-computation.js';
import { SimulatedProcess } from './simulated-process.js';
import type { SimulatedWorld } from './simulated-world.js';

/** Restores the ledger's state from the newest checkpoint, as a next attempt would, and reads the keys given. */
export async function readFinalState(
  world: SimulatedWorld,
  keys: readonly string[],
): Promise<ReadonlyMap<string, ExpectedState | undefined>> {
  const { parallelism, maxParallelism } = world.scenario;
  const backends = await Promise.all(
    Array.from({ length: parallelism }, (_, slot) => restoreSlot(world, slot)),
  );
  const found = new Map<string, ExpectedState | undefined>();
  for (const key of keys) {
    const group = keyGroupForEncodedKey(encodeKey(key), maxParallelism);
    const backend = backends[subtaskForKeyGroup(group, parallelism, maxParallelism)];
    if (backend !== undefined) found.set(key, readKey(backend, key));
  }
  return found;
}

async function restoreSlot(world: SimulatedWorld, slot: number): Promise<KeyedStateBackend> {
  const { parallelism, maxParallelism } = world.scenario;
  const metadata = world.invariants.newestCheckpoint();
  const snapshot = metadata?.subtasks.find(
    (each) => each.operatorUid === ledgerUid && each.subtaskIndex === slot,
  )?.snapshot;
  const reader = new SimulatedProcess(world, `reader of slot ${slot}`, (error) => {
    throw error;
  });
  const store = world.slots[slot]!.open(reader, slot);
  return store.open({
    operatorUid: ledgerUid,
    attempt: executionAttempt((metadata?.attempt ?? 0) + 1),
    keyGroupRange: keyGroupRangeForSubtask(subtaskIndex(slot), parallelism, maxParallelism),
    maxParallelism,
    restore: snapshot?.keyedState as KeyedStateHandle | undefined,
    onFailure: (error) => world.invariants.violated(`The final state can't be read: ${error.message}`),
  });
}

function readKey(backend: KeyedStateBackend, key: string): ExpectedState | undefined {
  backend.setCurrentKey(key);
  const totals = backend.valueState<ExpectedState['totals']>({ name: 'totals' }).value();
  const lastNumber = backend.valueState<number>({ name: 'last-number' }).value();
  const remindersFired = backend.valueState<number>({ name: 'reminders-fired' }).value();
  const recent = backend.listState<number>({ name: 'recent' }).get();
  const categories = [...backend.mapState<number, number>({ name: 'categories' }).entries()];
  const isEmpty = [totals, lastNumber, remindersFired].every((value) => value === undefined);
  if (isEmpty && recent.length === 0 && categories.length === 0) return undefined;
  return {
    totals: totals ?? { count: 0, sum: 0 },
    lastNumber: lastNumber ?? -1,
    remindersFired: remindersFired ?? 0,
    recent: [...recent],
    categories,
  };
}

const ledgerUid = 'ledger' as OperatorUid;
