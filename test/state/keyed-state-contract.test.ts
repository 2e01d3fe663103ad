import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/protocol/ids.js';
import type { KeyedStateBackend, KeyedStateHandle } from '../../src/state/keyed-state-backend.js';
import type { StateLimits } from '../../src/state/state-limits.js';
import { nextKey } from './next-key.js';
import { harnesses, type StateHarness, tinyLimits } from './state-harness.js';

describe.each(harnesses)('Keyed state %s', (_name, makeHarness) => {
  let harness: StateHarness;
  let backend: KeyedStateBackend;
  let nextId = 1;

  beforeEach(async () => {
    nextId = 1;
    harness = makeHarness();
    backend = await harness.open();
  });

  afterEach(async () => {
    expect(harness.failures).toEqual([]);
    await harness.dispose();
  });

  const checkpoint = async (): Promise<KeyedStateHandle> => {
    const handle = await harness.settle(backend.snapshot(checkpointId(nextId++)));
    backend.notifyCheckpointComplete(handle.checkpointId);
    return handle;
  };
  const restart = async (handle: KeyedStateHandle, limits?: Partial<StateLimits>): Promise<void> => {
    await harness.crash();
    backend = await harness.open(handle, limits);
  };
  const untilMerged = async (id: number): Promise<void> => {
    for (let i = 0; i < 2_000 && backend.stats.mergedCheckpointId < id; i++) await harness.elapse(5);
    expect(backend.stats.mergedCheckpointId).toBe(id);
  };

  it('keeps each key to itself, also where strings, numbers and tuples look alike', async () => {
    const keys = ['1', 1, 1n, true, ['1'], [1], Uint8Array.of(1), ['1', 1]] as const;
    const state = backend.valueState<number>({ name: 'count' });
    keys.forEach((key, index) => {
      backend.setCurrentKey(key);
      state.update(index);
    });
    const handle = await checkpoint();
    await restart(handle);
    const restored = backend.valueState<number>({ name: 'count' });
    keys.forEach((key, index) => {
      backend.setCurrentKey(key);
      expect(restored.value()).toBe(index);
    });
  });

  it.each(['value', 'list', 'map'] as const)(
    'goes through the keys of a %s state in one order, in memory, restored and merged',
    async (kind) => {
      const long = 'k'.repeat(2_000);
      const keys = [
        'a',
        'b',
        long,
        ['a', 1],
        7,
        ...Array.from({ length: 20 }, (_, index) => `user-${index}`),
      ];
      const valueState = () => backend.valueState({ name: 'value', defaultValue: 0 });
      const listState = () => backend.listState({ name: 'list' });
      const mapState = () => backend.mapState({ name: 'map' });
      const stateOf = { value: valueState, list: listState, map: mapState }[kind];
      const write = (): void => {
        valueState().update(1);
        listState().update([1, 2, 3]);
        for (const key of [1, 2, 3]) mapState().put(key, key);
      };
      const keysNow = (): unknown[] => {
        const iterator = backend.keysOf(kind);
        const result: unknown[] = [];
        for (let key = nextKey(iterator); key !== undefined; key = nextKey(iterator)) result.push(key);
        return result;
      };
      for (const key of [...keys, 'gone']) {
        backend.setCurrentKey(key);
        write();
      }
      backend.setCurrentKey('gone');
      stateOf().clear();
      // Read, and so in memory, but without the state.
      backend.setCurrentKey('never written');
      stateOf().clear();

      const inMemory = keysNow();
      expect(new Set(inMemory)).toEqual(new Set(keys));
      const first = await checkpoint();
      await restart(first, { mergeIntervalMs: 1e9, mergeEagerlyAboveSegments: 1e9 });
      stateOf();
      expect(keysNow()).toEqual(inMemory);
      await restart(first, tinyLimits);
      stateOf();
      await untilMerged(first.checkpointId);
      expect(keysNow()).toEqual(inMemory);
      // One of the stored keys loses it in memory, and one is new there.
      backend.setCurrentKey(long);
      stateOf().clear();
      backend.setCurrentKey('new');
      write();
      const changed = keysNow();
      expect(new Set(changed)).toEqual(new Set([...keys.filter((key) => key !== long), 'new']));
      await restart(await checkpoint());
      stateOf();
      expect(keysNow()).toEqual(changed);
    },
  );

  it('goes through the keys past those that unmerged segments have removed from the base', async () => {
    const valueState = () => backend.valueState({ name: 'value', defaultValue: 0 });
    const users = Array.from({ length: 100 }, (_, index) => `user-${index}`);
    for (const user of users) {
      backend.setCurrentKey(user);
      valueState().update(1);
    }
    const first = await checkpoint();
    await restart(first, tinyLimits);
    valueState();
    await untilMerged(first.checkpointId);
    const keys = backend.keysOf('value');
    const inOrder = users.map(() => nextKey(keys)!);
    const kept = [inOrder[0]!, inOrder[50]!, inOrder[99]!];
    for (const user of users.filter((each) => !kept.includes(each))) {
      backend.setCurrentKey(user);
      valueState().clear();
    }
    // More pages in a row than one are empty now.
    const unmerged = { scanPageCells: 2, mergeIntervalMs: 1e9, mergeEagerlyAboveSegments: 1e9 };
    await restart(await checkpoint(), unmerged);
    valueState();
    expect(backend.stats.stagedEntries).toBe(97);
    const left = backend.keysOf('value');
    expect([nextKey(left), nextKey(left), nextKey(left), nextKey(left)]).toEqual([...kept, undefined]);
  });

  it('forgets a timer once that was removed, set and removed again before the first removal was merged', async () => {
    await harness.close();
    backend = await harness.open(undefined, tinyLimits);
    const timers = backend.timerQueue('timers');
    const snapshot = () => harness.settle(backend.snapshot(checkpointId(nextId++)));
    backend.setCurrentKey('a');
    timers.register(1);
    await snapshot();
    timers.delete(1);
    await snapshot();
    timers.register(1);
    timers.delete(1);
    const last = await snapshot();
    backend.notifyCheckpointComplete(last.checkpointId);
    await untilMerged(last.checkpointId);
    expect(backend.stats.entriesInMemory).toBe(0);
    expect(timers.nextTimestamp()).toBe(Number.POSITIVE_INFINITY);
  });

  it('lets no timer leave memory before the base has it', async () => {
    await harness.close();
    backend = await harness.open(undefined, tinyLimits);
    const timers = backend.timerQueue('timers');
    const register = (...timestamps: number[]) => {
      backend.setCurrentKey('a');
      for (const timestamp of timestamps) timers.register(timestamp);
    };
    register(1);
    const first = await harness.settle(backend.snapshot(checkpointId(nextId++)));
    register(2, 3, 4);
    await harness.settle(backend.snapshot(checkpointId(nextId++)));
    backend.notifyCheckpointComplete(first.checkpointId);
    await untilMerged(first.checkpointId);
    expect([1, 2, 3, 4].map(() => timers.pollDue(9))).toEqual([1, 2, 3, 4]);
  });

  it('keeps within its budget where every key has a timer', async () => {
    await harness.close();
    backend = await harness.open(undefined, { ...tinyLimits, cacheBudgetBytes: 32_000, ...manyTimers });
    const timers = backend.timerQueue('timers');
    const value = backend.valueState<string>({ name: 'value' });
    const keys = Array.from({ length: 400 }, (_, index) => `user ${index}`);
    const text = 'x'.repeat(500);
    for (const key of keys) {
      backend.setCurrentKey(key);
      timers.register(1_000);
      value.update(text);
    }
    await untilMerged((await checkpoint()).checkpointId);
    const valuesInMemory = () => backend.stats.entriesInMemory - keys.length;
    expect(valuesInMemory()).toBeLessThan(40);
    for (const key of keys) {
      backend.setCurrentKey(key);
      expect(value.value()).toBe(text);
    }
    expect(valuesInMemory()).toBeLessThan(40);
    while (timers.pollDue(1_000) !== undefined) expect(value.value()).toBe(text);
    expect(valuesInMemory()).toBeLessThan(40);
  });

  it('names the state when it is to go through the keys of one that is not there', () => {
    backend.timerQueue('timers');
    expect(() => backend.keysOf('others')).toThrow(
      /Operator "enrich" has no value, list or map state "others"/,
    );
    expect(() => backend.keysOf('timers')).toThrow(/no value, list or map state "timers"/);
  });

  it('takes -0 and 0 for one key, and all NaN for one', () => {
    const state = backend.valueState<string>({ name: 'name' });
    backend.setCurrentKey(0);
    state.update('zero');
    backend.setCurrentKey(-0);
    expect(state.value()).toBe('zero');
    backend.setCurrentKey(Number.NaN);
    state.update('not a number');
    backend.setCurrentKey('other');
    backend.setCurrentKey(Number.NaN);
    expect(state.value()).toBe('not a number');
  });

  it('notices when a tuple given as a key was changed in place', () => {
    const state = backend.valueState<string>({ name: 'name' });
    const key = ['a', 1] as [string, number];
    backend.setCurrentKey(key);
    state.update('first');
    key[1] = 2;
    backend.setCurrentKey(key);
    expect(state.value()).toBeUndefined();
  });

  it('gives the default for a key without a value, but not for null', () => {
    const state = backend.valueState<number | null>({ name: 'count', defaultValue: 7 });
    backend.setCurrentKey('a');
    expect(state.value()).toBe(7);
    state.update(null);
    expect(state.value()).toBeNull();
    state.clear();
    expect(state.value()).toBe(7);
  });

  it('packs a snapshot before it returns, so that later changes are not in it', async () => {
    const state = backend.valueState<string>({ name: 'name' });
    backend.setCurrentKey('a');
    state.update('before');
    const taken = backend.snapshot(checkpointId(1));
    state.update('after');
    const handle = await harness.settle(taken);
    await restart(handle);
    backend.setCurrentKey('a');
    expect(backend.valueState<string>({ name: 'name' }).value()).toBe('before');
  });

  it('writes only what changed', async () => {
    const state = backend.valueState<string>({ name: 'profile' });
    const history = backend.listState<number>({ name: 'history', maxLength: 100 });
    backend.setCurrentKey('a');
    state.update('x'.repeat(16_000));
    for (let i = 0; i < 100; i++) history.add(i);
    const first = await checkpoint();
    history.add(100);
    const second = await checkpoint();
    const third = await checkpoint();
    expect(first.bytes).toBeGreaterThan(16_000);
    expect(second.bytes).toBeLessThan(400);
    expect(third.bytes).toBe(0);
    await restart(third);
    backend.setCurrentKey('a');
    const restored = backend.listState<number>({ name: 'history', maxLength: 100 });
    expect(restored.get()).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  it('gives a list that later changes do not alter', () => {
    const list = backend.listState<number>({ name: 'list', maxLength: 2 });
    backend.setCurrentKey('a');
    list.add(1);
    list.add(2);
    const seen = list.get();
    list.add(3);
    expect(seen).toEqual([1, 2]);
    list.clear();
    expect(seen).toEqual([1, 2]);
    expect(list.get()).toEqual([]);
  });

  it('takes up the list of a job that gave another maxLength', async () => {
    const list = backend.listState<number>({ name: 'list', maxLength: 5 });
    backend.setCurrentKey('a');
    for (let i = 0; i < 8; i++) list.add(i);
    let handle = await checkpoint();
    await restart(handle, tinyLimits);
    backend.setCurrentKey('a');
    const longer = backend.listState<number>({ name: 'list', maxLength: 7 });
    longer.add(8);
    longer.add(9);
    longer.add(10);
    expect(longer.get()).toEqual([4, 5, 6, 7, 8, 9, 10]);
    nextId = 2;
    handle = await checkpoint();
    await untilMerged(2);
    await restart(handle);
    backend.setCurrentKey('a');
    const shorter = backend.listState<number>({ name: 'list', maxLength: 2 });
    expect(shorter.get()).toEqual([9, 10]);
  });

  it('iterates over a map in the order of its keys, with what was changed since the last merge', async () => {
    await restart(await checkpoint(), tinyLimits);
    nextId = 2;
    const map = backend.mapState<string | number, number>({ name: 'map' });
    backend.setCurrentKey('a');
    for (const key of ['b', 10, 'a', -1, 2]) map.put(key, 1);
    await checkpoint();
    await untilMerged(2);
    backend.setCurrentKey('evicts a');
    backend.setCurrentKey('evicts a too');
    backend.setCurrentKey('a');
    map.remove(10);
    map.put('aa', 2);
    expect([...map.entries()]).toEqual([
      [-1, 1],
      [2, 1],
      ['a', 1],
      ['aa', 2],
      ['b', 1],
    ]);
    expect([...map.keys()]).toEqual([-1, 2, 'a', 'aa', 'b']);
    expect([...map.values()]).toEqual([1, 1, 1, 2, 1]);
  });

  it('lets an iteration over a map change the map', () => {
    const map = backend.mapState<string, number>({ name: 'map' });
    backend.setCurrentKey('a');
    map.put('x', 1);
    map.put('y', 2);
    for (const [key, value] of map.entries()) {
      map.remove(key);
      map.put(`${key}${key}`, value);
    }
    expect([...map.entries()]).toEqual([
      ['xx', 1],
      ['yy', 2],
    ]);
  });

  it('fires timers in the order of time, once each', async () => {
    const register = (): void => {
      const timers = backend.timerQueue('timers');
      for (const key of ['b', 'a', 'c']) {
        backend.setCurrentKey(key);
        timers.register(20);
        timers.register(20);
        timers.register(key === 'c' ? 10 : 30);
      }
    };
    const fired = (upTo: number): [unknown, number][] => {
      const timers = backend.timerQueue('timers');
      const result: [unknown, number][] = [];
      for (;;) {
        const timestamp = timers.pollDue(upTo);
        // Nothing promises an order to the timers of one timestamp.
        if (timestamp === undefined) return result.sort(byTimeAndKey);
        result.push([backend.currentKey, timestamp]);
      }
    };
    const expected = [
      ['c', 10],
      ['a', 20],
      ['b', 20],
      ['c', 20],
      ['a', 30],
      ['b', 30],
    ];
    register();
    const handle = await checkpoint();
    expect(fired(25)).toEqual(expected.slice(0, 4));
    expect(backend.timerQueue('timers').nextTimestamp()).toBe(30);
    await restart(handle, tinyLimits);
    expect(backend.timerQueue('timers').nextTimestamp()).toBe(10);
    expect(fired(Number.MAX_SAFE_INTEGER)).toEqual(expected);
    expect(backend.timerQueue('timers').nextTimestamp()).toBe(Number.POSITIVE_INFINITY);
  });

  it('keeps states that the job does not use for now', async () => {
    const old = backend.valueState<string>({ name: 'old' });
    backend.setCurrentKey('a');
    old.update('kept');
    let handle = await checkpoint();
    await restart(handle, tinyLimits);
    nextId = 2;
    const added = backend.mapState<string, number>({ name: 'added' });
    backend.setCurrentKey('a');
    added.put('x', 1);
    handle = await checkpoint();
    await untilMerged(2);
    await restart(handle);
    backend.setCurrentKey('a');
    expect(backend.valueState<string>({ name: 'old' }).value()).toBe('kept');
    expect(backend.mapState<string, number>({ name: 'added' }).get('x')).toBe(1);
  });

  it('refuses a name that is another kind of state, also after a restart', async () => {
    backend.valueState({ name: 'visits' });
    expect(() => backend.listState({ name: 'visits' })).toThrow(/"visits" of operator "enrich".*value state/);
    await restart(await checkpoint());
    expect(() => backend.mapState({ name: 'visits' })).toThrow(/asked for as map state/);
  });

  it('gives one state for one name', () => {
    backend.setCurrentKey('a');
    backend.valueState<number>({ name: 'count' }).update(1);
    expect(backend.valueState<number>({ name: 'count' }).value()).toBe(1);
  });

  it('refuses a value that is not plain where it is written', () => {
    class Money {}
    const state = backend.valueState<unknown>({ name: 'cart' });
    backend.setCurrentKey('a');
    expect(() => state.update({ price: new Money() })).toThrow(
      'The value of state "cart" of operator "enrich" is not plain at price: it is an instance of Money',
    );
  });

  it('refuses to work without a current key', () => {
    expect(() => backend.valueState({ name: 'count' }).value()).toThrow('without a current key');
  });

  it('refuses a maxLength that is none', () => {
    expect(() => backend.listState({ name: 'list', maxLength: 0 })).toThrow('maxLength 0');
  });

  it('merges checkpoint after checkpoint, and its segments go', async () => {
    await restart(await checkpoint(), tinyLimits);
    nextId = 2;
    const state = backend.valueState<number>({ name: 'count' });
    let handle: KeyedStateHandle | undefined;
    for (let round = 0; round < 30; round++) {
      for (let user = 0; user < 5; user++) {
        backend.setCurrentKey(`user-${user}`);
        state.update((state.value() ?? 0) + 1);
      }
      handle = await checkpoint();
      await harness.elapse(5);
    }
    await untilMerged(31);
    expect(backend.stats.stagedEntries).toBe(0);
    expect(backend.stats.dirtyEntries).toBe(0);
    await restart(handle!);
    for (let user = 0; user < 5; user++) {
      backend.setCurrentKey(`user-${user}`);
      expect(backend.valueState<number>({ name: 'count' }).value()).toBe(30);
    }
  });

  it('holds more state than its cache has room for', async () => {
    await restart(await checkpoint(), { cacheBudgetBytes: 20_000, mergeIntervalMs: 0, scanPageCells: 16 });
    nextId = 2;
    const state = backend.valueState<number>({ name: 'count' });
    for (let round = 0; round < 10; round++) {
      for (let user = round * 100; user < round * 100 + 100; user++) {
        backend.setCurrentKey(user);
        state.update(user * 2);
      }
      await checkpoint();
      await untilMerged(nextId - 1);
    }
    for (let user = 0; user < 1_000; user++) {
      backend.setCurrentKey(user);
      expect(state.value()).toBe(user * 2);
    }
    expect(backend.stats.entriesInMemory).toBeLessThan(200);
  });

  it('restores an aborted checkpoint’s changes with the next completed one', async () => {
    const state = backend.valueState<string>({ name: 'name' });
    backend.setCurrentKey('a');
    state.update('in the aborted one');
    await harness.settle(backend.snapshot(checkpointId(1)));
    backend.setCurrentKey('b');
    state.update('in the next');
    nextId = 2;
    const handle = await checkpoint();
    expect(handle.segments.map((segment) => segment.checkpointId)).toEqual([1, 2]);
    await restart(handle);
    const restored = backend.valueState<string>({ name: 'name' });
    backend.setCurrentKey('a');
    expect(restored.value()).toBe('in the aborted one');
    backend.setCurrentKey('b');
    expect(restored.value()).toBe('in the next');
  });
});

function byTimeAndKey([aKey, a]: [unknown, number], [bKey, b]: [unknown, number]): number {
  return a - b || (String(aKey) < String(bKey) ? -1 : 1);
}

/** All of them stay in memory, and one call looks at no more keys than in production. */
const manyTimers: Partial<StateLimits> = {
  timersInMemoryMax: 1_000,
  evictionStepsMax: 16,
  mergeTransactionCellsMax: 100,
  mergeCollectCells: 1_000,
};
