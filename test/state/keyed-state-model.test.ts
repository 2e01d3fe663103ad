import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/key-groups/key.js';
import type { KeyedStateBackend } from '../../src/state/keyed-state-backend.js';
import type { ListState, MapState, ValueState } from '../../src/state/state-descriptors.js';
import type { TimerQueue } from '../../src/state/timer-queue.js';
import { plainValue } from './arbitrary-values.js';
import { CheckpointsOfModel } from './checkpoints-of-model.js';
import { nextKey } from './next-key.js';
import {
  InMemoryHarness,
  LmdbHarness,
  type StateHarness,
  testMaxParallelism,
  tinyLimits,
} from './state-harness.js';
import { StateModel, type StateOfModel, sortedEntries } from './state-model.js';

const longKey = 'k'.repeat(1000);
const keys: readonly Key[] = ['a', 'b', 'c', 1, true, ['a', 1], longKey, 'd', 'e', Uint8Array.of(1, 0)];
const mapKeys: readonly (string | number)[] = ['x', 'y', '', 0, -1, 2.5, `${longKey}1`, `${longKey}2`];

const namespaces = [undefined, 'x', 'y', `${longKey}n`];

const definedValue = plainValue.map((value) => (value === undefined ? null : value));

type Operation =
  | { kind: 'update'; key: Key; value: unknown }
  | { kind: 'clear' | 'clear-map' | 'read-all'; key: Key }
  | { kind: 'add'; key: Key; value: unknown }
  | { kind: 'replace'; key: Key; values: unknown[] }
  | { kind: 'put'; key: Key; mapKey: string | number; value: unknown }
  | { kind: 'remove' | 'read'; key: Key; mapKey: string | number }
  | { kind: 'register' | 'delete'; key: Key; at: number; namespace: string | undefined }
  | { kind: 'poll'; at: number; isNamespaced: boolean }
  | { kind: 'snapshot' | 'complete' }
  | { kind: 'elapse'; ms: number }
  | { kind: 'go-through'; state: StateOfModel; pauseMs: number; isCleared: boolean }
  | { kind: 'restart'; crashed: boolean; tiny: boolean; maxLength: number };

type Weighted = fc.WeightedArbitrary<Operation>;

function often<Kind extends Operation['kind']>(
  weight: number,
  kinds: readonly Kind[],
  fields: { [Name in Exclude<keyof Extract<Operation, { kind: Kind }>, 'kind'>]: fc.Arbitrary<unknown> },
): Weighted {
  const arbitrary = fc.record({ kind: fc.constantFrom(...kinds), ...fields });
  return { weight, arbitrary: arbitrary as unknown as fc.Arbitrary<Operation> };
}

function checkpointsAndRestarts(restartWeight: number): Weighted[] {
  return [
    often(8, ['snapshot'], {}),
    often(4, ['complete'], {}),
    often(6, ['elapse'], { ms: fc.nat(6) }),
    often(restartWeight, ['restart'], {
      crashed: fc.boolean(),
      tiny: fc.boolean(),
      maxLength: fc.integer({ min: 1, max: 4 }),
    }),
  ];
}

function timerOperations(
  ofKeys: readonly Key[],
  timestamps: readonly number[],
  ofNamespaces: readonly (string | undefined)[] = namespaces,
): Weighted[] {
  const at = fc.constantFrom(...timestamps);
  const timer = { key: fc.constantFrom(...ofKeys), at, namespace: fc.constantFrom(...ofNamespaces) };
  return [
    often(10, ['register'], timer),
    often(5, ['delete'], timer),
    often(4, ['poll'], { at, isNamespaced: fc.boolean() }),
  ];
}

function mapOperations(ofKeys: readonly Key[], ofMapKeys: readonly (string | number)[]): Weighted[] {
  const key = fc.constantFrom(...ofKeys);
  const mapKey = fc.constantFrom(...ofMapKeys);
  return [
    often(8, ['put'], { key, mapKey, value: definedValue }),
    often(10, ['remove', 'read'], { key, mapKey }),
    often(3, ['clear-map', 'read-all'], { key }),
  ];
}

function stateOperations(): Weighted[] {
  const key = fc.constantFrom(...keys);
  return [
    often(8, ['update'], { key, value: plainValue }),
    often(10, ['add'], { key, value: definedValue }),
    often(2, ['replace'], { key, values: fc.array(definedValue, { maxLength: 5 }) }),
    ...mapOperations(keys, mapKeys),
    often(2, ['clear'], { key }),
    often(4, ['go-through'], {
      state: fc.constantFrom('value', 'list', 'bounded', 'map'),
      pauseMs: fc.nat(4),
      isCleared: fc.boolean(),
    }),
  ];
}

const allOperations = fc.array(
  fc.oneof(
    ...stateOperations(),
    ...timerOperations(keys, [-5, 0, 1, 2, 3, 1_704_067_200_000]),
    ...checkpointsAndRestarts(2),
  ),
  { minLength: 1, maxLength: 150, size: 'max' },
);

/** One key with two timers, so that the same one is registered, stored, deleted and read again; or more than a chain has. */
const timersAlone = fc.oneof(
  fc.array(fc.oneof(...timerOperations(['a'], [1, 2], [undefined]), ...checkpointsAndRestarts(2)), {
    minLength: 1,
    maxLength: 60,
    size: 'max',
  }),
  fc.array(fc.oneof(...timerOperations(['a', 'b', longKey], [1, 2, 3]), ...checkpointsAndRestarts(4)), {
    minLength: 1,
    maxLength: 80,
    size: 'max',
  }),
);

/** Few maps, each with more cells than a chain has. */
const mapsAlone = fc.array(
  fc.oneof(
    ...mapOperations(['a', longKey], [...mapKeys, 'z', 1, 2, 3, 4, Number.NaN]),
    ...checkpointsAndRestarts(3),
  ),
  { minLength: 1, maxLength: 100, size: 'max' },
);

/** A backend and the model side by side, through snapshots, completed checkpoints, crashes and restores. */
class Comparison {
  private readonly harness: StateHarness;
  private backend!: KeyedStateBackend;
  private value!: ValueState<unknown>;
  private list!: ListState<unknown>;
  private bounded!: ListState<unknown>;
  private map!: MapState<string | number, unknown>;
  private timers!: TimerQueue;
  private namespacedTimers!: TimerQueue;
  private model = new StateModel();
  private readonly checkpoints = new CheckpointsOfModel<StateModel>();
  private maxLength = 3;

  constructor(harness: StateHarness) {
    this.harness = harness;
  }

  async run(operations: readonly Operation[]): Promise<void> {
    await this.open(true);
    for (const operation of operations) await this.apply(operation);
    for (const key of keys) this.readAll(key);
    await this.harness.settle(this.snapshot());
    this.checkpoints.complete(this.backend);
    await this.apply({ kind: 'restart', crashed: true, tiny: false, maxLength: this.maxLength });
    for (const key of keys) this.readAll(key);
    await this.expectNoOtherCells();
    for (const isNamespaced of [false, true]) while (this.poll(Number.MAX_SAFE_INTEGER, isNamespaced));
    expect(this.harness.failures).toEqual([]);
  }

  private async open(tiny: boolean): Promise<void> {
    this.backend = await this.harness.open(this.checkpoints.completed?.handle, tiny ? tinyLimits : {});
    this.value = this.backend.valueState({ name: 'value' });
    this.list = this.backend.listState({ name: 'list' });
    this.bounded = this.backend.listState({ name: 'bounded', maxLength: this.maxLength });
    this.map = this.backend.mapState({ name: 'map' });
    this.timers = this.backend.timerQueue('timers');
    this.namespacedTimers = this.backend.namespacedTimerQueue('namespaced');
  }

  private async apply(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case 'snapshot':
        // Not waited for: records, checkpoints and crashes go on while it is written.
        void this.snapshot();
        return;
      case 'complete':
        this.checkpoints.complete(this.backend);
        return;
      case 'elapse':
        return this.harness.elapse(operation.ms);
      case 'restart':
        return this.restart(operation);
      case 'poll':
        this.poll(operation.at, operation.isNamespaced);
        return;
      case 'go-through':
        return this.goThrough(operation);
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
      case 'delete':
        this.changeTimer(operation);
    }
  }

  private changeTimer({ kind, key, at, namespace }: Extract<Operation, { namespace: unknown }>): void {
    const queue = namespace === undefined ? this.timers : this.namespacedTimers;
    queue[kind](at, namespace);
    this.model[kind]({ key, timestamp: at, namespace });
  }

  /** Time passes between two keys, so that what was in memory is merged and evicted meanwhile. */
  private async goThrough(how: Extract<Operation, { kind: 'go-through' }>): Promise<void> {
    const keysOfState = this.backend.keysOf(how.state);
    for (const key of this.model.keysOf(how.state, testMaxParallelism)) {
      expect(nextKey(keysOfState)).toStrictEqual(key);
      expect(this.backend.currentKey).toStrictEqual(key);
      if (how.isCleared) this.clearState(how.state, key);
      await this.harness.elapse(how.pauseMs);
    }
    expect(nextKey(keysOfState)).toBeUndefined();
  }

  private clearState(state: StateOfModel, key: Key): void {
    this[state].clear();
    const model = this.model.of(key);
    if (state === 'value') model.value = undefined;
    else if (state === 'map') model.map.clear();
    else model[state] = [];
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

  private poll(upTo: number, isNamespaced: boolean): boolean {
    const queue = isNamespaced ? this.namespacedTimers : this.timers;
    const next = this.model.nextTimestamp(isNamespaced);
    expect(queue.nextTimestamp()).toBe(next);
    const timestamp = queue.pollDue(upTo);
    expect(timestamp).toBe(next <= upTo ? next : undefined);
    if (timestamp === undefined) return false;
    const timer = { key: this.backend.currentKey, timestamp, namespace: queue.polledNamespace };
    // Of the timers of one timestamp, any may come first; but none twice.
    expect(this.model.delete(timer)).toBe(true);
    return true;
  }

  /** What was removed is not only hidden by something that is still in memory. */
  private async expectNoOtherCells(): Promise<void> {
    if (!(this.harness instanceof InMemoryHarness)) return;
    await this.harness.elapse(untilMergedMs);
    expect(this.backend.stats.stagedEntries).toBe(0);
    expect(this.harness.cellsInBase()).toBe(this.model.cells());
  }

  private snapshot(): Promise<void> {
    return this.checkpoints.take(this.backend, new StateModel(this.model));
  }

  private async restart(how: Extract<Operation, { kind: 'restart' }>): Promise<void> {
    if (how.crashed) await this.harness.crash();
    else await this.harness.close();
    this.checkpoints.dropIncomplete();
    this.model = new StateModel(this.checkpoints.completed?.model);
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

/** Longer than the restored segments take. */
const untilMergedMs = 1_000;

const runs = Number(process.env.MILLRACE_STATE_RUNS ?? 150);

describe('Keyed state equals a naive model through snapshots, merges, evictions, crashes and restores', () => {
  it.each([
    ['all kinds of state', allOperations, runs],
    // Cheap, and some of their mistakes need rare coincidences.
    ['timers alone', timersAlone, runs * 8],
    ['maps alone', mapsAlone, runs * 2],
  ])('in memory, with %s', { timeout: 600_000 }, async (_name, operations, numRuns) => {
    const property = fc.asyncProperty(operations, fc.nat(), (chosen, seed) =>
      compare(new InMemoryHarness(seed), chosen),
    );
    await fc.assert(property, { numRuns });
  });

  it('on LMDB', { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(fc.oneof(allOperations, timersAlone, mapsAlone), (chosen) =>
      compare(new LmdbHarness(), chosen),
    );
    await fc.assert(property, { numRuns: Math.ceil(runs / 10) });
  });
});
