import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeClock } from '../../src/host/node-clock.js';
import { CallGuard } from '../../src/operators/guarded-collector.js';
import { KeyedRuntimeContext } from '../../src/operators/keyed-runtime-context.js';
import type { OperatorContext } from '../../src/operators/stream-operator.js';
import { checkpointId } from '../../src/protocol/ids.js';
import type { KeyedStateBackend, KeyedStateHandle } from '../../src/state/keyed-state-backend.js';
import { LmdbStateBases } from '../../src/state/lmdb-state-bases.js';
import type { StateTtlConfig } from '../../src/state/ttl/state-ttl-config.js';
import { nextKey } from './next-key.js';
import { InMemoryHarness, LmdbHarness, type StateHarness, testUid, tinyLimits } from './state-harness.js';

const ttl: StateTtlConfig = { time: 20 };
let harness: StateHarness | undefined;

afterEach(() => harness?.dispose());

function inMemory(): InMemoryHarness {
  const made = new InMemoryHarness();
  harness = made;
  return made;
}

let nextId = 1;

/** Takes a checkpoint, and lets its merge and sweep come to their end. */
async function checkpoint(of: StateHarness, backend: KeyedStateBackend): Promise<KeyedStateHandle> {
  const handle = await of.settle(backend.snapshot(checkpointId(nextId++)));
  backend.notifyCheckpointComplete(handle.checkpointId);
  return handle;
}

describe('A state with TTL', () => {
  it('returns what has expired once more with returnExpiredIfNotCleanedUp, and then no more', async () => {
    const memory = inMemory();
    const backend = await memory.open();
    const lenient: StateTtlConfig = { time: 20, visibility: 'returnExpiredIfNotCleanedUp' };
    const value = backend.valueState<string>({ name: 'value', ttl: lenient, defaultValue: 'none' });
    const list = backend.listState<string>({ name: 'list', ttl: lenient });
    const map = backend.mapState<string, string>({ name: 'map', ttl: lenient });
    backend.setCurrentKey('a');
    value.update('old');
    list.add('old');
    map.put('x', 'old');
    await memory.elapse(15);
    list.add('young');
    await memory.elapse(5);
    expect([value.value(), value.value()]).toEqual(['old', 'none']);
    expect([list.get(), list.get()]).toEqual([['old', 'young'], ['young']]);
    expect([[...map.entries()], [...map.entries()]]).toEqual([[['x', 'old']], []]);
  });

  it('lives no longer because its keys were gone through, and is not among them once it is cleaned up', async () => {
    const memory = inMemory();
    const backend = await memory.open(undefined, tinyLimits);
    const value = backend.valueState<number>({
      name: 'value',
      ttl: { ...ttl, updateType: 'onReadAndWrite' },
    });
    for (const key of ['a', 'b', 'c']) {
      backend.setCurrentKey(key);
      value.update(1);
    }
    await checkpoint(memory, backend);
    await memory.elapse(15);
    const keys = backend.keysOf('value');
    for (const _ of ['a', 'b', 'c']) expect(nextKey(keys)).toBeDefined();
    await memory.elapse(15);
    backend.setCurrentKey('a');
    expect(value.value()).toBeUndefined();
    const left = backend.keysOf('value');
    expect(new Set([nextKey(left), nextKey(left)])).toEqual(new Set(['b', 'c']));
    expect(nextKey(left)).toBeUndefined();
  });

  it('keeps its times over a restart, and goes by the ttl that the job now gives', async () => {
    const memory = inMemory();
    let backend = await memory.open();
    backend.setCurrentKey('a');
    backend.valueState<number>({ name: 'value', ttl }).update(1);
    const handle = await checkpoint(memory, backend);
    await memory.elapse(30);
    await memory.crash();
    backend = await memory.open(handle);
    backend.setCurrentKey('a');
    expect(backend.valueState<number>({ name: 'value', ttl: { time: 1_000 } }).value()).toBe(1);
    await memory.crash();
    backend = await memory.open(handle);
    backend.setCurrentKey('a');
    expect(backend.valueState<number>({ name: 'value', ttl }).value()).toBeUndefined();
  });

  it.each([
    [undefined, ttl, /asked for with a ttl, but it is .* without one/],
    [ttl, undefined, /asked for without a ttl, but it is .* with one/],
  ])('can neither gain nor lose it: %j to %j', async (before, after, expected) => {
    const memory = inMemory();
    let backend = await memory.open();
    backend.listState({ name: 'history', ...(before && { ttl: before }) });
    const handle = await checkpoint(memory, backend);
    await memory.crash();
    backend = await memory.open(handle);
    expect(() => backend.listState({ name: 'history', ...(after && { ttl: after }) })).toThrow(expected);
  });

  it('is kept by reducing and aggregating states too, which each element prolongs', async () => {
    const memory = inMemory();
    const backend = await memory.open();
    const guard = new CallGuard('enrich');
    guard.active = true;
    const context = new KeyedRuntimeContext({ name: 'enrich' } as OperatorContext<never>, backend, guard);
    const largest = context.getReducingState<number>({ name: 'largest', reduce: Math.max, ttl });
    const count = context.getAggregatingState<number, number, number>({
      name: 'count',
      aggregate: { createAccumulator: () => 0, add: (_value, sum) => sum + 1, getResult: (sum) => sum },
      ttl,
    });
    const seen: unknown[] = [];
    backend.setCurrentKey('a');
    for (const [value, thenMs] of [
      [5, 15],
      [3, 15],
      [4, 20],
      [1, 0],
    ] as const) {
      largest.add(value);
      count.add(value);
      seen.push([largest.get(), count.get()]);
      await memory.elapse(thenMs);
    }
    expect(seen).toEqual([
      [5, 1],
      [5, 2],
      [5, 3],
      [1, 1],
    ]);
  });

  it('is refused with all mistakes of its settings in one message', async () => {
    const backend = await inMemory().open();
    const wrong = { time: '10 minutes', updateType: 'onRead', visibility: 'always' } as never;
    expect(() => backend.valueState({ name: 'value', ttl: wrong })).toThrow(
      /state "value" of operator "enrich".*its time is "10 minutes".*updateType is "onRead".*visibility is "always"/,
    );
    expect(() => backend.mapState({ name: 'map', ttl: { time: 0 } })).toThrow(/its time is 0/);
  });

  it('keeps a list whole of which an element in the middle expired, after the clock was put back', async () => {
    const memory = inMemory();
    let backend = await memory.open(undefined, tinyLimits);
    backend.setCurrentKey('a');
    const list = backend.listState<string>({ name: 'list', ttl });
    list.add('first');
    memory.wallClockOffsetMs = -10;
    list.add('stamped earlier');
    memory.wallClockOffsetMs = 0;
    list.add('last');
    await checkpoint(memory, backend);
    await memory.elapse(12);
    const handle = await checkpoint(memory, backend);
    await memory.elapse(3);
    expect(memory.cellsInBase()).toBe(3);
    await memory.crash();
    backend = await memory.open(handle, tinyLimits);
    backend.setCurrentKey('a');
    const restored = backend.listState<string>({ name: 'list', ttl });
    expect(restored.get()).toEqual(['first', 'last']);
    restored.add('new');
    expect(restored.get()).toEqual(['first', 'last', 'new']);
  });
});

describe('Expired cells in LMDB', () => {
  async function cellsOnDisk(of: LmdbHarness): Promise<number> {
    const bases = new LmdbStateBases(join(of.path, 'base'), nodeClock);
    const base = await bases.openExisting(testUid);
    const all = base!.scan(Buffer.from([0]), Buffer.from([0xff, 0xff]), 1_000_000);
    await bases.close();
    return all.length;
  }

  it('go, from memory too, and those of new keys take their place: the file stays as large', async () => {
    const lmdb = new LmdbHarness();
    harness = lmdb;
    const keysPerRound = 2_000;
    const hour: StateTtlConfig = { time: '1h' };
    const backend = await lmdb.open(undefined, { mergeIntervalMs: 0, mergePauseMs: 0 });
    const profile = backend.valueState<string>({ name: 'profile', ttl: hour });
    const kept = backend.valueState<string>({ name: 'kept' });
    const rounds: { readonly merged: number; readonly afterwards: number; readonly fileBytes: number }[] = [];
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < keysPerRound; i++) {
        backend.setCurrentKey(`user-${round}-${i}`);
        profile.update('x'.repeat(500));
      }
      backend.setCurrentKey('kept for ever');
      kept.update('here');
      const { checkpointId: id } = await checkpoint(lmdb, backend);
      while (backend.stats.mergedCheckpointId < id) await lmdb.elapse(5);
      const merged = backend.stats.entriesInMemory;
      lmdb.wallClockOffsetMs += 3_600_000;
      while (backend.stats.entriesInMemory > 1) {
        await checkpoint(lmdb, backend);
        await lmdb.elapse(5);
      }
      const afterwards = backend.stats.entriesInMemory;
      rounds.push({ merged, afterwards, fileBytes: statSync(join(lmdb.path, 'base', 'data.mdb')).size });
    }
    await lmdb.close();
    expect(await cellsOnDisk(lmdb)).toBe(1);
    for (const { merged, afterwards } of rounds) {
      expect(merged).toBeGreaterThanOrEqual(keysPerRound);
      expect(afterwards).toBe(1);
    }
    expect(rounds[0]!.fileBytes).toBeGreaterThan(keysPerRound * 500);
    expect(rounds.at(-1)!.fileBytes).toBeLessThan(rounds[0]!.fileBytes * 2);
  });
});
