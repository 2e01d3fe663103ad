import { describe, expect, it } from 'vitest';
import type { OperatorStateSnapshot } from '../../src/checkpoint/checkpoint-metadata.js';
import { OperatorStateStore } from '../../src/state/operator-state-store.js';

/** As it comes back from a checkpoint's metadata. */
function restored(store: OperatorStateStore): OperatorStateStore {
  return new OperatorStateStore(
    'count',
    JSON.parse(JSON.stringify(store.snapshot())) as OperatorStateSnapshot[],
  );
}

describe('Operator state', () => {
  it('comes back with every plain value as it was, in its order', () => {
    const store = new OperatorStateStore('count');
    const values = [
      1n,
      new Date(5),
      new Map([['a', new Set([-0])]]),
      Uint8Array.of(1),
      undefined,
      { b: null },
    ];
    store.listState<unknown>('values', 'split-distribute').update(values);
    const map = store.broadcastState<string | number, unknown>('map');
    map.put('z', [1]);
    map.put(1, 'one');
    map.put('1', 'text');
    map.put('z', [2]);
    const again = restored(store);
    expect(again.listState('values', 'split-distribute').get()).toEqual(values);
    expect(again.broadcastState('map').entries()).toEqual([
      ['z', [2]],
      [1, 'one'],
      ['1', 'text'],
    ]);
  });

  it('has in each snapshot what it was then, whatever is added or replaced between them', () => {
    const store = new OperatorStateStore('count');
    const list = store.listState<number>('list', 'union');
    list.add(1);
    const first = store.snapshot();
    list.add(2);
    const second = store.snapshot();
    list.update([3]);
    const read = (state: readonly OperatorStateSnapshot[]): readonly number[] =>
      new OperatorStateStore('count', state).listState<number>('list', 'union').get();
    expect([first, second, store.snapshot()].map(read)).toEqual([[1], [1, 2], [3]]);
    list.clear();
    expect(store.snapshot()).toEqual([]);
  });

  it('that nobody asks for any more stays in the snapshots', () => {
    const store = new OperatorStateStore('count');
    store.listState('old', 'union').add('kept');
    const later = restored(restored(store));
    expect(later.listState('old', 'union').get()).toEqual(['kept']);
  });

  it('of one name is of one kind', () => {
    const store = new OperatorStateStore('count');
    store.listState('state', 'union').add(1);
    const message = /The state "state" of operator "count" is asked for as .*, and is union/;
    expect(() => store.listState('state', 'split-distribute')).toThrow(message);
    expect(() => restored(store).broadcastState('state')).toThrow(message);
  });

  it('refuses what is not plain, and what is too much for a checkpoint’s metadata', () => {
    const store = new OperatorStateStore('count');
    const list = store.listState<unknown>('list', 'union');
    list.add(() => 1);
    expect(() => store.snapshot()).toThrow(/An item of the state "list" of operator "count" is not plain/);
    list.update(Array.from({ length: 17 }, () => 'x'.repeat(1024 * 1024)));
    expect(() => store.snapshot()).toThrow(/operator state of operator "count" is 2\d MB; at most 16 MB fit/);
  });
});
