import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Key } from '../../src/key-groups/key.js';
import type { KeyedStateBackend } from '../../src/state/keyed-state-backend.js';
import { compareMapKeys } from '../../src/state/map-entry.js';
import type { ListState, MapState, ValueState } from '../../src/state/state-descriptors.js';
import type { StateTtlConfig, StateTtlUpdateType } from '../../src/state/ttl/state-ttl-config.js';
import { CheckpointsOfModel } from './checkpoints-of-model.js';
import { InMemoryHarness, tinyLimits } from './state-harness.js';

const longKey = 'k'.repeat(1000);
const keys: readonly Key[] = ['a', 'b', ['c', 1], longKey];
const mapKeys: readonly (string | number)[] = ['x', 1, `${longKey}1`];
const timeMs = 20;
const maxLength = 3;

type Operation =
  | { kind: 'update' | 'add'; key: Key; value: number }
  | { kind: 'replace'; key: Key; values: number[] }
  | { kind: 'put'; key: Key; mapKey: string | number; value: number }
  | { kind: 'get'; key: Key; mapKey: string | number }
  | { kind: 'read-value' | 'read-list' | 'read-map' | 'clear'; key: Key }
  | { kind: 'elapse'; ms: number }
  | { kind: 'snapshot' | 'complete' }
  | { kind: 'restart'; crashed: boolean; tiny: boolean };

const key = fc.constantFrom(...keys);
const mapKey = fc.constantFrom(...mapKeys);
const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('update', 'add'), key, value: fc.nat(99) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('replace'),
        key,
        values: fc.array(fc.nat(99), { maxLength: 5 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('put'), key, mapKey, value: fc.nat(99) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('get'), key, mapKey }) },
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constantFrom('read-value', 'read-list', 'read-map', 'clear'), key }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('elapse'), ms: fc.nat(timeMs) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('snapshot', 'complete') }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('restart'), crashed: fc.boolean(), tiny: fc.boolean() }),
    },
  ) as fc.Arbitrary<Operation>,
  { minLength: 1, maxLength: 120, size: 'max' },
);

interface Timed {
  readonly value: number;
  readonly at: number;
}

interface KeyModel {
  value: Timed | undefined;
  list: Timed[];
  bounded: Timed[];
  map: Map<string | number, Timed>;
}

/** Values and their times in plain collections, where nothing is ever cleaned up: what is over is only not seen. */
class TtlModel {
  readonly keys: Map<Key, KeyModel>;

  constructor(from?: TtlModel) {
    this.keys = new Map(
      keys.map((each) => {
        const model = from?.keys.get(each);
        const { value = undefined, list = [], bounded = [], map = new Map() } = model ?? {};
        return [each, { value, list: [...list], bounded: [...bounded], map: new Map(map) }];
      }),
    );
  }

  of(each: Key): KeyModel {
    return this.keys.get(each)!;
  }
}

/** States with TTL and the model side by side, through snapshots, merges, evictions, crashes and restores. */
class Comparison {
  private readonly harness: InMemoryHarness;
  private readonly ttl: StateTtlConfig;
  private backend!: KeyedStateBackend;
  private value!: ValueState<number>;
  private list!: ListState<number>;
  private bounded!: ListState<number>;
  private map!: MapState<string | number, number>;
  private model = new TtlModel();
  private readonly checkpoints = new CheckpointsOfModel<TtlModel>();

  constructor(harness: InMemoryHarness, updateType: StateTtlUpdateType) {
    this.harness = harness;
    this.ttl = { time: timeMs, updateType };
  }

  async run(chosen: readonly Operation[]): Promise<void> {
    await this.open(true);
    for (const operation of chosen) await this.apply(operation);
    for (const each of keys) this.readAll(each);
    await this.harness.settle(this.snapshot());
    this.checkpoints.complete(this.backend);
    await this.apply({ kind: 'restart', crashed: true, tiny: false });
    for (const each of keys) this.readAll(each);
    await this.expectNothingLeft();
    expect(this.harness.failures).toEqual([]);
  }

  private async open(tiny: boolean): Promise<void> {
    const { ttl } = this;
    this.backend = await this.harness.open(this.checkpoints.completed?.handle, tiny ? tinyLimits : {});
    this.value = this.backend.valueState({ name: 'value', defaultValue: -1, ttl });
    this.list = this.backend.listState({ name: 'list', ttl });
    this.bounded = this.backend.listState({ name: 'bounded', maxLength, ttl });
    this.map = this.backend.mapState({ name: 'map', ttl });
  }

  private async apply(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case 'snapshot':
        void this.snapshot();
        return;
      case 'complete':
        this.checkpoints.complete(this.backend);
        return;
      case 'elapse':
        return this.harness.elapse(operation.ms);
      case 'restart':
        await (operation.crashed ? this.harness.crash() : this.harness.close());
        this.checkpoints.dropIncomplete();
        this.model = new TtlModel(this.checkpoints.completed?.model);
        return this.open(operation.tiny);
      default:
        this.backend.setCurrentKey(operation.key);
        this.applyToKey(operation);
    }
  }

  private applyToKey(operation: Extract<Operation, { key: unknown }>): void {
    const model = this.model.of(operation.key);
    const at = this.harness.epochMs();
    switch (operation.kind) {
      case 'update':
        this.value.update(operation.value);
        model.value = { value: operation.value, at };
        return;
      case 'add':
        this.list.add(operation.value);
        this.bounded.add(operation.value);
        model.list.push({ value: operation.value, at });
        model.bounded = [...model.bounded, { value: operation.value, at }].slice(-maxLength);
        return;
      case 'replace':
        this.list.update(operation.values);
        this.bounded.update(operation.values);
        model.list = operation.values.map((value) => ({ value, at }));
        model.bounded = model.list.slice(-maxLength);
        return;
      case 'put':
        this.map.put(operation.mapKey, operation.value);
        model.map.set(operation.mapKey, { value: operation.value, at });
        return;
      case 'get':
        expect(this.map.get(operation.mapKey)).toBe(this.seen(model.map.get(operation.mapKey))?.value);
        this.touchEntry(model, operation.mapKey);
        return;
      case 'read-value':
        this.readValue(model);
        return;
      case 'read-list':
        this.readLists(model);
        return;
      case 'read-map':
        this.readMap(model);
        return;
      case 'clear':
        this.value.clear();
        this.list.clear();
        this.map.clear();
        model.value = undefined;
        model.list = [];
        model.map.clear();
    }
  }

  private readAll(each: Key): void {
    this.backend.setCurrentKey(each);
    const model = this.model.of(each);
    this.readValue(model);
    this.readLists(model);
    this.readMap(model);
  }

  private readValue(model: KeyModel): void {
    expect(this.value.value()).toBe(this.seen(model.value)?.value ?? -1);
    model.value = this.touched(model.value);
  }

  private readLists(model: KeyModel): void {
    for (const name of ['list', 'bounded'] as const) {
      const alive = model[name].filter((element) => this.seen(element) !== undefined);
      expect(this[name].get()).toEqual(alive.map(({ value }) => value));
      if (this.ttl.updateType === 'onReadAndWrite') model[name] = alive.map((each) => this.touched(each)!);
    }
  }

  private readMap(model: KeyModel): void {
    const alive = [...model.map].filter(([, entry]) => this.seen(entry) !== undefined);
    const expected = alive.sort(([a], [b]) => compareMapKeys(a, b)).map(([name, { value }]) => [name, value]);
    expect([...this.map.entries()]).toEqual(expected);
    expect(this.map.isEmpty()).toBe(expected.length === 0);
    for (const name of [...model.map.keys()]) this.touchEntry(model, name);
  }

  private touchEntry(model: KeyModel, name: string | number): void {
    const touched = this.touched(model.map.get(name));
    if (touched !== undefined) model.map.set(name, touched);
  }

  private seen(timed: Timed | undefined): Timed | undefined {
    return timed !== undefined && timed.at + timeMs > this.harness.epochMs() ? timed : undefined;
  }

  /** What a read makes of it. */
  private touched(timed: Timed | undefined): Timed | undefined {
    const reads = this.ttl.updateType === 'onReadAndWrite' && this.seen(timed) !== undefined;
    return reads ? { value: timed!.value, at: this.harness.epochMs() } : timed;
  }

  private snapshot(): Promise<void> {
    return this.checkpoints.take(this.backend, new TtlModel(this.model));
  }

  /** When all is over, some checkpoints later the base holds no cell, and memory none that is stored. */
  private async expectNothingLeft(): Promise<void> {
    await this.harness.elapse(timeMs);
    for (let round = 0; round < 3; round++) {
      await this.harness.settle(this.snapshot());
      this.checkpoints.complete(this.backend);
      await this.harness.elapse(10_000);
    }
    expect(this.harness.cellsInBase()).toBe(0);
    expect(this.backend.stats.entriesInMemory).toBeLessThanOrEqual(4 * keys.length);
  }
}

it.each(['onCreateAndWrite', 'onReadAndWrite'] as const)(
  'States with TTL (%s) equal a naive model over time, and what has expired leaves the base',
  { timeout: 120_000 },
  async (updateType) => {
    await fc.assert(
      fc.asyncProperty(operations, fc.nat(), async (chosen, seed) => {
        const harness = new InMemoryHarness(seed);
        try {
          await new Comparison(harness, updateType).run(chosen);
        } finally {
          await harness.dispose();
        }
      }),
      { numRuns: Number(process.env.MILLRACE_STATE_RUNS ?? 150) },
    );
  },
);
