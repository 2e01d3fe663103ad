import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointId, executionAttempt, keyGroup, operatorUid, slotIndex } from '#dist/protocol/ids.js';
import type { KeyedStateBackend, KeyedStateHandle } from '#dist/state/keyed-state-backend.js';
import { openKeyedStateStore } from '#dist/state/open-keyed-state-store.js';

/**
 * What keyed state costs: a ValueState read and updated for each of 4 M records over 100,000 users, of whom a
 * fifth make three fifths of the updates, with checkpoints each so many updates, merged in the background into LMDB.
 */
const users = 100_000;
const updates = 4_000_000;
/** As a task does: it takes a buffer's worth of records, then turns to its mailbox. */
const recordsPerTurn = 200;

interface PerUser {
  readonly count: number;
  readonly lastTs: number;
  readonly sum: number;
}

interface Result {
  readonly updatesPerCheckpoint: number;
  readonly microsecondsPerUpdate: number;
  readonly cpuMicrosecondsPerUpdate: number;
  readonly snapshotMsMedian: number;
  readonly durableMsMedian: number;
  readonly unmergedMiBMax: number;
  readonly anonymousMiBMore: number;
  readonly restoreMs: number;
}

function sequence(): Uint32Array {
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed / 2 ** 32;
  };
  return Uint32Array.from({ length: updates }, () =>
    Math.floor(random() < 0.6 ? random() * users * 0.2 : random() * users),
  );
}

function anonymousMiB(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

async function open(
  stateDir: string,
  restore: KeyedStateHandle | undefined,
  attempt: number,
): Promise<Opened> {
  const store = openKeyedStateStore({ stateDir, slot: slotIndex(0) });
  const backend = await store.open({
    operatorUid: operatorUid('bench'),
    attempt: executionAttempt(attempt),
    keyGroupRange: { start: keyGroup(0), end: keyGroup(127) },
    maxParallelism: 128,
    restore,
    onFailure: (error) => {
      throw error;
    },
  });
  return { backend, close: () => store.close() };
}

interface Opened {
  readonly backend: KeyedStateBackend;
  close(): Promise<void>;
}

async function measure(
  updatesPerCheckpoint: number,
  order: Uint32Array,
  names: readonly string[],
): Promise<Result> {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const { backend, close } = await open(stateDir, undefined, 1);
  const state = backend.valueState<PerUser>({ name: 'per-user' });
  globalThis.gc?.();
  const memoryBefore = anonymousMiB();
  const packMs: number[] = [];
  const durableMs: number[] = [];
  let completed: KeyedStateHandle | undefined;
  let inFlight: Promise<void> | undefined;
  let unmergedMax = 0;
  let nextId = 1;

  const checkpoint = (): Promise<void> => {
    const begun = performance.now();
    const taken = backend.snapshot(checkpointId(nextId++));
    packMs.push(performance.now() - begun);
    return taken.then((handle) => {
      durableMs.push(performance.now() - begun);
      completed = handle;
      unmergedMax = Math.max(
        unmergedMax,
        handle.segments.reduce((sum, segment) => sum + segment.bytes, 0),
      );
      backend.notifyCheckpointComplete(handle.checkpointId);
    });
  };

  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  for (let i = 0; i < updates; i++) {
    backend.setCurrentKey(names[order[i]!]!);
    const old = state.value();
    state.update(
      old === undefined
        ? { count: 1, lastTs: 1_704_067_200_000 + i, sum: 1.5 }
        : { count: old.count + 1, lastTs: 1_704_067_200_000 + i, sum: old.sum + 1.5 },
    );
    if ((i + 1) % updatesPerCheckpoint === 0) {
      // One checkpoint at a time, as the coordinator takes them.
      await inFlight;
      inFlight = checkpoint();
    }
    if (i % recordsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await inFlight;
  const elapsedMs = performance.now() - begun;
  const cpu = process.cpuUsage(cpuBefore);
  const anonymousMiBMore = anonymousMiB() - memoryBefore;
  await close();
  const restoreMs = await measureRestore(stateDir, completed);
  rmSync(stateDir, { recursive: true });
  return {
    updatesPerCheckpoint,
    microsecondsPerUpdate: (elapsedMs * 1000) / updates,
    cpuMicrosecondsPerUpdate: (cpu.user + cpu.system) / updates,
    snapshotMsMedian: median(packMs),
    durableMsMedian: median(durableMs),
    unmergedMiBMax: unmergedMax / 2 ** 20,
    anonymousMiBMore,
    restoreMs,
  };
}

async function measureRestore(stateDir: string, handle: KeyedStateHandle | undefined): Promise<number> {
  if (handle === undefined) return 0;
  const begun = performance.now();
  const { backend, close } = await open(stateDir, handle, 2);
  const state = backend.valueState<PerUser>({ name: 'per-user' });
  backend.setCurrentKey('user_1000000');
  state.value();
  const elapsedMs = performance.now() - begun;
  await close();
  return elapsedMs;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

const order = sequence();
const names = Array.from({ length: users }, (_, user) => `user_${1_000_000 + user}`);
const results: Result[] = [];
const given = process.argv.slice(2).map(Number);
for (const perCheckpoint of given.length > 0 ? given : [170_000, 17_000, 1_700])
  results.push(await measure(perCheckpoint, order, names));
for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
