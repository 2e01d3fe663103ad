import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/protocol/ids.js';
import type { KeyedStateBackend, KeyedStateHandle } from '../../src/state/keyed-state-backend.js';
import { InMemoryHarness, tinyLimits } from './state-harness.js';

/** What is written, refused and reported when the disk, the base or the metadata is not as it should be. */
describe('Keyed state', () => {
  let harness: InMemoryHarness;
  let backend: KeyedStateBackend;

  beforeEach(async () => {
    harness = new InMemoryHarness();
    backend = await harness.open(undefined, tinyLimits);
  });

  afterEach(() => harness.dispose());

  const update = (key: string, value: unknown): void => {
    backend.setCurrentKey(key);
    backend.valueState<unknown>({ name: 'value' }).update(value);
  };
  const read = (key: string): unknown => {
    backend.setCurrentKey(key);
    return backend.valueState<unknown>({ name: 'value' }).value();
  };
  const snapshot = (id: number): Promise<KeyedStateHandle> => backend.snapshot(checkpointId(id));
  const checkpoint = async (id: number): Promise<KeyedStateHandle> => {
    const handle = await harness.settle(snapshot(id));
    backend.notifyCheckpointComplete(handle.checkpointId);
    return handle;
  };
  const failingWrites = (count: number): void => {
    let left = count;
    harness.disk.faults = () => ({ kind: left-- > 0 ? 'fail-unknown' : 'succeed', delayMs: 1 });
  };

  it('repeats a segment’s write that failed, from the same bytes', async () => {
    failingWrites(3);
    update('a', 'as packed');
    const taken = snapshot(1);
    update('a', 'later');
    const handle = await harness.settle(taken);
    await harness.crash();
    backend = await harness.open(handle);
    expect(read('a')).toBe('as packed');
    expect(harness.failures).toEqual([]);
  });

  it('fails the attempt when a segment can’t be written, and every later snapshot with it', async () => {
    failingWrites(100);
    update('a', 1);
    await expect(harness.settle(snapshot(1))).rejects.toThrow(
      /could not be written to segments\/enrich\/1-1.segment in 5 tries/,
    );
    failingWrites(0);
    update('b', 2);
    await expect(harness.settle(snapshot(2))).rejects.toThrow('could not be written');
    expect(harness.failures).toHaveLength(1);
  });

  it('acknowledges a snapshot only when every earlier one is durable, also one without changes', async () => {
    harness.disk.faults = (path) => ({ kind: 'succeed', delayMs: path.includes('/1-') ? 500 : 1 });
    const order: number[] = [];
    update('a', 1);
    const first = snapshot(1).then(() => order.push(1));
    update('a', 2);
    const second = snapshot(2).then(() => order.push(2));
    const unchanged = snapshot(3).then(() => order.push(3));
    await harness.elapse(100);
    expect(order).toEqual([]);
    await harness.settle(Promise.all([first, second, unchanged]));
    expect(order).toEqual([1, 2, 3]);
  });

  it('fails the attempt when the base can’t be written, and loses nothing by it', async () => {
    update('a', 1);
    harness.stateDisk.faults = { failCommit: () => new Error('The disk is full.') };
    const handle = await checkpoint(1);
    await harness.elapse(100);
    expect(harness.failures.map((error) => error.message)).toEqual(['The disk is full.']);
    await harness.crash();
    harness.stateDisk.faults = {};
    backend = await harness.open(handle);
    expect(read('a')).toBe(1);
  });

  it('never merges what is not complete', async () => {
    update('a', 1);
    await harness.settle(snapshot(1));
    await harness.elapse(10_000);
    expect(backend.stats.mergedCheckpointId).toBe(0);
    expect(harness.stateDisk.tables.values().next().value?.cells.size).toBe(0);
  });

  it('slows checkpoints down while too much is unmerged, and goes on when it is merged', async () => {
    await harness.crash();
    backend = await harness.open(undefined, { ...tinyLimits, unmergedBytesMax: 50, mergeIntervalMs: 1_000 });
    update('a', 'x'.repeat(100));
    await checkpoint(1);
    await harness.elapse(50);
    update('a', 'y'.repeat(100));
    const handle = await checkpoint(2);
    expect(handle.segments.map((segment) => segment.checkpointId)).toEqual([2]);
    let isAcknowledged = false;
    update('a', 'z'.repeat(100));
    const third = snapshot(3).then(() => {
      isAcknowledged = true;
    });
    await harness.elapse(500);
    expect(isAcknowledged).toBe(false);
    await harness.settle(third);
    expect(backend.stats.mergedCheckpointId).toBe(2);
  });

  it('restores without looking at the state, however much there is', async () => {
    for (let user = 0; user < 500; user++) {
      update(`user-${user}`, user);
      backend.timerQueue('timers').register(user);
    }
    const handle = await checkpoint(1);
    await harness.elapse(60_000);
    expect(backend.stats.mergedCheckpointId).toBe(1);
    await harness.crash();
    backend = await harness.open(handle);
    const timers = backend.timerQueue('timers');
    expect(backend.stats.entriesInMemory).toBe(0);
    expect(timers.nextTimestamp()).toBe(0);
    expect(read('user-7')).toBe(7);
  });

  it('keeps the later timers out of memory', async () => {
    const timers = backend.timerQueue('timers');
    for (let at = 0; at < 500; at++) {
      backend.setCurrentKey(`user-${at % 10}`);
      timers.register(at);
    }
    await checkpoint(1);
    await harness.elapse(60_000);
    expect(backend.stats.entriesInMemory).toBeLessThan(300);
    for (let at = 0; at < 500; at++) {
      expect(timers.pollDue(1_000)).toBe(at);
      expect(backend.currentKey).toBe(`user-${at % 10}`);
    }
    expect(timers.pollDue(1_000)).toBeUndefined();
  });

  describe('is not restored', () => {
    let handle: KeyedStateHandle;

    beforeEach(async () => {
      update('a', 'kept');
      handle = await harness.settle(snapshot(1));
      await harness.crash();
    });

    const whatToDo = /Put back the state folder .* or start with --fresh/;

    it('from a folder without its store', async () => {
      harness.stateDisk.tables.clear();
      await expect(harness.open(handle)).rejects.toThrow(
        'The state store of operator "enrich" in memory, which checkpoint 1 names, is not there.',
      );
      await expect(harness.open(handle)).rejects.toThrow(whatToDo);
    });

    it('from another store', async () => {
      await harness.open();
      await harness.crash();
      await expect(harness.open(handle)).rejects.toThrow(`names ${handle.storeId} generation 1`);
    });

    it('from a store of another generation', async () => {
      await expect(harness.open({ ...handle, generation: 2 })).rejects.toThrow('generation 2');
    });

    it('without one of its segments', async () => {
      harness.disk.remove('segments/enrich/1-1.segment');
      const opened = harness.open(handle);
      await expect(opened).rejects.toThrow('segments/enrich/1-1.segment of checkpoint 1 is not there');
      await expect(opened).rejects.toThrow(whatToDo);
    });

    it('from a damaged segment', async () => {
      harness.disk.corrupt('segments/enrich/1-1.segment');
      const opened = harness.open(handle);
      await expect(opened).rejects.toThrow(/segments\/enrich\/1-1.segment of checkpoint 1 (is|has|ends)/);
      await expect(opened).rejects.toThrow(whatToDo);
    });

    it('from a segment with another checksum than the checkpoint has', async () => {
      const segments = handle.segments.map((segment) => ({ ...segment, crc32c: segment.crc32c ^ 1 }));
      await expect(harness.open({ ...handle, segments })).rejects.toThrow(
        'is not the one that the checkpoint names',
      );
    });

    it('to a checkpoint that the base is already past', async () => {
      backend = await harness.open(handle, tinyLimits);
      update('a', 'newer');
      await checkpoint(2);
      await harness.elapse(1_000);
      await harness.crash();
      await expect(harness.open(handle)).rejects.toThrow('already holds changes of checkpoint 2');
    });

    it('but is restored when nothing of that is so', async () => {
      backend = await harness.open(handle);
      expect(read('a')).toBe('kept');
    });
  });

  it('drops the segments of checkpoints that were never complete', async () => {
    update('a', 'complete');
    const handle = await checkpoint(1);
    update('a', 'incomplete');
    await harness.settle(snapshot(2));
    await harness.crash();
    backend = await harness.open(handle);
    expect(read('a')).toBe('complete');
    expect(harness.disk.list('segments/enrich')).toEqual(['1-1.segment']);
  });

  it('begun anew has nothing of the store before', async () => {
    update('a', 'old');
    await checkpoint(1);
    await harness.elapse(1_000);
    await harness.crash();
    backend = await harness.open();
    expect(read('a')).toBeUndefined();
    expect(harness.disk.list('segments/enrich')).toEqual([]);
  });
});
