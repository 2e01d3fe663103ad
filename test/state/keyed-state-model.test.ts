import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/key-groups/key.js';
import { type CheckpointId, checkpointId } from '../../src/protocol/ids.js';
import type { KeyedStateBackend, KeyedStateHandle } from '../../src/state/keyed-state-backend.js';
import type { ListState, MapState, ValueState } from '../../src/state/state-descriptors.js';
import type { TimerQueue } from '../../src/state/timer-queue.js';
import { plainValue } from './arbitrary-values.js';
import { InMemoryHarness, LmdbHarness, type StateHarness, tinyLimits } from './state-harness.js';
import { sortedEntries, StateModel } from './state-model.js';

const longKey = 'k'.repeat(1000);
const keys: readonly Key[] = ['a', 'b', 'c', 1, true, ['a', 1], longKey, 'd', 'e', Uint8Array.of(1, 0)];
const mapKeys: readonly (string | number)[] = ['x', 'y', '', 0, -1, 2.5, `${longKey}1`, `${longKey}2`];

const keyArbitrary = fc.constantFrom(...keys);
const mapKeyArbitrary = fc.constantFrom(...mapKeys);
const timestampArbitrary = fc.constantFrom(-5, 0, 1, 2, 3, 1_704_067_200_000);
const definedValue = plainValue.map((value) => (value === undefined ? null : value));

const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('update' as const), key: keyArbitrary, value: plainValue }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('clear' as const), key: keyArbitrary }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('add' as const), key: keyArbitrary, value: definedValue }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('replace' as const),
      key: keyArbitrary,
      values: fc.array(definedValue, { maxLength: 5 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      key: keyArbitrary,
      mapKey: mapKeyArbitrary,
      value: definedValue,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), key: keyArbitrary, mapKey: mapKeyArbitrary }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear-map' as const), key: keyArbitrary }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), key: keyArbitrary, mapKey: mapKeyArbitrary }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read-all' as const), key: keyArbitrary }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('register' as const), key: keyArbitrary, at: timestampArbitrary }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), key: keyArbitrary, at: timestampArbitrary }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('poll' as const), at: timestampArbitrary }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('snapshot' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('complete' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('elapse' as const), ms: fc.nat(6) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      crashed: fc.boolean(),
      tiny: fc.boolean(),
      maxLength: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** A backend and the model side by side, through snapshots, completed checkpoints, crashes and restores. */
class Comparison {
  private readonly harness: StateHarness;
  private backend!: KeyedStateBackend;
  private value!: ValueState<unknown>;
  private list!: ListState<unknown>;
  private bounded!: ListState<unknown>;
  private map!: MapState<string | number, unknown>;
  private timers!: TimerQueue;
  private model = new StateModel();
  private nextId = 1;
  private maxLength = 3;
  /** Durable, oldest first; the newest may become complete. */
  private acknowledged: { handle: KeyedStateHandle; model: StateModel }[] = [];
  private completed: { handle: KeyedStateHandle; model: StateModel } | undefined;

  constructor(harness: StateHarness) {
    this.harness = harness;
  }

  async run(operations: readonly Operation[]): Promise<void> {
    await this.open(true);
    for (const operation of operations) await this.apply(operation);
    for (const key of keys) this.readAll(key);
    await this.harness.settle(this.snapshot());
    await this.complete();
    await this.apply({ kind: 'restart', crashed: true, tiny: false, maxLength: this.maxLength });
    for (const key of keys) this.readAll(key);
    for (;;) if (!this.poll(Number.MAX_SAFE_INTEGER)) break;
    expect(this.harness.failures).toEqual([]);
  }

  private async open(tiny: boolean): Promise<void> {
    this.backend = await this.harness.open(this.completed?.handle, tiny ? tinyLimits : {});
    this.value = this.backend.valueState({ name: 'value' });
    this.list = this.backend.listState({ name: 'list' });
    this.bounded = this.backend.listState({ name: 'bounded', maxLength: this.maxLength });
    this.map = this.backend.mapState({ name: 'map' });
    this.timers = this.backend.timerQueue('timers');
  }

  private async apply(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case 'snapshot':
        // Not waited for: records, checkpoints and crashes go on while it is written.
        void this.snapshot();
        return;
      case 'complete':
        return this.complete();
      case 'elapse':
        return this.harness.elapse(operation.ms);
      case 'restart':
        return this.restart(operation);
      case 'poll':
        this.poll(operation.at);
        return;
      default:
        this.backend.setCurrentKey(operation.key);
        this.applyToKey(operation);
    }
  }

  private applyToKey(operation: Extract<Operation, { key: unknown }>): void {
    const model = this.model.of(operation.key);
    switch (operation.kind) {
      case 'update':
        this.value.update(operation.value);
        model.value = operation.value;
        return;
      case 'clear':
        this.value.clear();
        this.list.clear();
        this.bounded.clear();
        model.value = undefined;
        model.list = [];
        model.bounded = [];
        return;
      case 'add':
        this.list.add(operation.value);
        this.bounded.add(operation.value);
        model.list.push(operation.value);
        model.bounded = [...model.bounded, operation.value].slice(-this.maxLength);
        return;
      case 'replace':
        this.list.update(operation.values);
        this.bounded.update(operation.values);
        model.list = [...operation.values];
        model.bounded = operation.values.slice(-this.maxLength);
        return;
      case 'put':
        this.map.put(operation.mapKey, operation.value);
        model.map.set(operation.mapKey, operation.value);
        return;
      case 'remove':
        this.map.remove(operation.mapKey);
        model.map.delete(operation.mapKey);
        return;
      case 'clear-map':
        this.map.clear();
        model.map.clear();
        return;
      case 'read':
        expect(this.value.value()).toStrictEqual(model.value);
        expect(this.map.get(operation.mapKey)).toStrictEqual(model.map.get(operation.mapKey));
        return;
      case 'read-all':
        this.readAll(operation.key);
        return;
      case 'register':
        this.timers.register(operation.at);
        this.model.register(operation.key, operation.at);
        return;
      case 'delete':
        this.timers.delete(operation.at);
        this.model.delete(operation.key, operation.at);
    }
  }

  private readAll(key: Key): void {
    this.backend.setCurrentKey(key);
    const model = this.model.of(key);
    expect(this.value.value()).toStrictEqual(model.value);
    expect(this.list.get()).toStrictEqual(model.list);
    expect(this.bounded.get()).toStrictEqual(model.bounded);
    expect([...this.map.entries()]).toStrictEqual(sortedEntries(model.map));
    expect(this.map.isEmpty()).toBe(model.map.size === 0);
  }

  private poll(upTo: number): boolean {
    expect(this.timers.nextTimestamp()).toBe(this.model.nextTimestamp());
    const expected = this.model.pollDue(upTo);
    expect(this.timers.pollDue(upTo)).toBe(expected?.timestamp);
    if (expected !== undefined) expect(this.backend.currentKey).toStrictEqual(expected.key);
    return expected !== undefined;
  }

  private snapshot(): Promise<void> {
    const id: CheckpointId = checkpointId(this.nextId++);
    const model = new StateModel(this.model);
    const acknowledged = this.acknowledged;
    return this.backend.snapshot(id).then((handle) => {
      acknowledged.push({ handle, model });
    });
  }

  private async complete(): Promise<void> {
    const newest = this.acknowledged.pop();
    if (newest === undefined) return;
    this.acknowledged.length = 0;
    this.completed = newest;
    this.backend.notifyCheckpointComplete(newest.handle.checkpointId);
  }

  private async restart(how: Extract<Operation, { kind: 'restart' }>): Promise<void> {
    if (how.crashed) await this.harness.crash();
    else await this.harness.close();
    this.acknowledged = [];
    this.model = new StateModel(this.completed?.model);
    this.maxLength = how.maxLength;
    await this.open(how.tiny);
    this.shortenLists();
  }

  /** A list that became too long for a smaller maxLength loses its oldest elements when it is next used. */
  private shortenLists(): void {
    for (const key of keys) {
      const model = this.model.of(key);
      if (model.bounded.length <= this.maxLength) continue;
      model.bounded = model.bounded.slice(-this.maxLength);
      this.backend.setCurrentKey(key);
      expect(this.bounded.get()).toStrictEqual(model.bounded);
    }
  }
}

async function compare(harness: StateHarness, operations: readonly Operation[]): Promise<void> {
  try {
    await new Comparison(harness).run(operations);
  } finally {
    await harness.dispose();
  }
}

const runs = Number(process.env.MILLRACE_STATE_RUNS ?? 150);

describe('Keyed state equals a naive model through snapshots, merges, evictions, crashes and restores', () => {
  it('in memory', { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(
      fc.array(operation, { minLength: 1, maxLength: 150, size: 'max' }),
      fc.nat(),
      (operations, seed) => compare(new InMemoryHarness(seed), operations),
    );
    await fc.assert(property, { numRuns: runs });
  });

  it('on LMDB', { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 150, size: 'max' }), (operations) =>
      compare(new LmdbHarness(), operations),
    );
    await fc.assert(property, { numRuns: Math.ceil(runs / 10) });
  });
});
