import { describe, expect, it } from 'vitest';
import {
  type AggregatingState,
  type Collector,
  type KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  type KeyedContext,
  type ListState,
  type MapState,
  type ReadOnlyBroadcastStates,
  type RuntimeContext,
  type ValueState,
} from '../../src/index.js';
import { valuesOf } from './one-slot-edge.js';
import { openOperators } from './open-operators.js';
import { endOfInput, record, runEveryWay, type Step, secondRecord, watermark } from './operator-harness.js';
import { observe, type Pipeline } from './operator-subtask.js';

/** An amount of a key; or, on the broadcast side, what is to be done with all keys. */
interface Message {
  readonly key: string;
  readonly amount: number;
}

const amount = (key: string, value: number): Step<Message> => record({ key, amount: value }, 1);
const order = (what: string): Step<Message> => secondRecord({ key: what, amount: 0 }, 2);

/** Keeps a key's amounts in each kind of state, and tells, changes or clears all keys' when it is told to. */
class Amounts extends KeyedBroadcastProcessFunction<string, Message, Message, string> {
  protected total!: ValueState<number>;
  protected all!: ListState<number>;
  protected counts!: MapState<number, number>;
  protected largest!: AggregatingState<number, number>;

  override open(context: RuntimeContext): void {
    this.total = context.getState({ name: 'total', defaultValue: 0 });
    this.all = context.getListState({ name: 'all' });
    this.counts = context.getMapState({ name: 'counts' });
    this.largest = context.getAggregatingState({
      name: 'largest',
      aggregate: {
        createAccumulator: () => 0,
        add: (value: number, most: number) => Math.max(value, most),
        getResult: (most) => most,
      },
    });
  }

  processElement(
    { amount: value }: Message,
    _context: KeyedContext<string> & ReadOnlyBroadcastStates,
    out: Collector<string>,
  ): void {
    if (value % 2 === 0) this.total.update(this.total.value()! + value);
    this.all.add(value);
    this.counts.put(value, (this.counts.get(value) ?? 0) + 1);
    this.largest.add(value);
    out.collect(`got ${value}`);
  }

  processBroadcastElement(
    { key: what }: Message,
    context: KeyedBroadcastContext<string>,
    out: Collector<string>,
  ): void {
    switch (what) {
      case 'tell':
        context.applyToKeyedState(this.total, (key, total) => out.collect(`${key}: total ${total.value()}`));
        context.applyToKeyedState(this.all, (key, all) => out.collect(`${key}: all ${all.get().join(' ')}`));
        context.applyToKeyedState(this.counts, (key, counts) => {
          out.collect(`${key}: counts ${[...counts.entries()].map((entry) => entry.join('x')).join(' ')}`);
          // Two results of a key, and a second state of it.
          out.collect(`${key}: largest ${this.largest.get()} at ${context.timestamp}`);
        });
        out.collect('after this:');
        return;
      case 'double':
        context.applyToKeyedState(this.total, (_key, total) => total.update(total.value()! * 2));
        return;
      case 'forget':
        context.applyToKeyedState(this.largest, (key) => {
          this.total.clear();
          if (key !== 'c') this.all.clear();
          this.counts.clear();
        });
    }
  }
}

const pipeline =
  (fn: KeyedBroadcastProcessFunction<string, Message, Message, string>): Pipeline<Message> =>
  (messages, orders) => {
    observe(
      messages
        .keyBy((message) => message.key)
        .connect(orders.broadcast({ name: 'unused' }))
        .process(fn),
    );
  };

describe('applyToKeyedState', () => {
  it('gives each key that has the state, with all its states, every way a job may run', async () => {
    const emitted = await runEveryWay<Message>(pipeline(new Amounts()), [
      amount('a', 2),
      amount('b', 3),
      order('tell'),
      watermark(5),
      amount('c', 4),
      amount('c', 4),
      amount('a', 6),
      order('double'),
      order('tell'),
      order('forget'),
      amount('b', 8),
      order('tell'),
      endOfInput,
    ]);
    const told = valuesOf(emitted);
    const third = told.slice(told.indexOf('got 8') + 1);
    expect(new Set(told.slice(2, 10))).toEqual(
      new Set([
        'after this:',
        'a: total 2',
        'a: all 2',
        'b: all 3',
        'a: counts 2x1',
        'a: largest 2 at 2',
        'b: counts 3x1',
        'b: largest 3 at 2',
      ]),
    );
    expect(told[2]).toBe('after this:');
    expect(told).toContain('a: total 16');
    expect(told).toContain('c: total 16');
    expect(told).toContain('c: counts 4x2');
    expect(new Set(third)).toEqual(
      new Set(['after this:', 'b: total 8', 'b: all 8', 'c: all 4 4', 'b: counts 8x1', 'b: largest 8 at 2']),
    );
  });

  it('takes no other element meanwhile, however many keys there are, and gives the thread back between them', async () => {
    const operators = await openOperators<Message>(pipeline(new Amounts()));
    const keys = Array.from({ length: 1_000 }, (_, index) => `key-${index}`);
    for (const key of keys) operators.offer({ kind: 'record', value: { key, amount: 2 }, timestamp: 1 });
    operators.work();
    const before = operators.output.emitted.length;
    operators.offer({ kind: 'record', value: { key: 'double', amount: 0 }, timestamp: 2, input: 1 });
    operators.offer({ kind: 'record', value: { key: 'tell', amount: 0 }, timestamp: 2, input: 1 });
    operators.offer({ kind: 'record', value: { key: 'key-0', amount: 5 }, timestamp: 3 });
    let steps = 0;
    while (operators.pendingArrivals > 0) {
      operators.step();
      steps += 1;
    }
    // Four applications of a thousand keys each; hundreds of them a step.
    expect(steps).toBeGreaterThan(10);
    const told = valuesOf(operators.output.emitted.slice(before));
    expect(told.at(-1)).toBe('got 5');
    expect(new Set(told.filter((line) => String(line).includes('total')))).toEqual(
      new Set(keys.map((key) => `${key}: total 4`)),
    );
    expect(told).toHaveLength(1 + 4 * keys.length + 1);
  });

  it('gives the thread back between keys that have lost the state, too', async () => {
    const operators = await openOperators<Message>(pipeline(new Amounts()));
    const stepsOf = (what: string): number => {
      operators.offer({ kind: 'record', value: { key: what, amount: 0 }, timestamp: 1, input: 1 });
      operators.offer({ kind: 'record', value: { key: 'behind it', amount: 1 }, timestamp: 1 });
      let steps = 0;
      for (; operators.pendingArrivals > 0; steps += 1) operators.step();
      return steps;
    };
    for (let key = 0; key < 1_000; key += 1)
      operators.offer({ kind: 'record', value: { key: `key-${key}`, amount: 2 }, timestamp: 1 });
    const stepsWithState = stepsOf('forget');
    const stepsWithout = stepsOf('double');
    expect(stepsWithout).toBeGreaterThan(3);
    expect(stepsWithState).toBeGreaterThan(stepsWithout);
  });

  it('lets a full output hold it up between two keys', async () => {
    const operators = await openOperators<Message>(pipeline(new Amounts()), 'one-slot');
    for (let key = 0; key < 20; key += 1)
      operators.offer({ kind: 'record', value: { key: `${key}`, amount: 2 }, timestamp: 1 });
    operators.offer({ kind: 'record', value: { key: 'tell', amount: 0 }, timestamp: 2, input: 1 });
    operators.work();
    // What one key's function emits beyond its first result.
    expect(operators.output.overdraftMax).toBe(1);
    expect(operators.output.emitted).toHaveLength(20 + 1 + 4 * 20);
  });
});

describe('An error of applyToKeyedState says', () => {
  const failing = async (
    call: (
      fn: Amounts & { readonly total: ValueState<number> },
      context: KeyedBroadcastContext<string>,
    ) => void,
  ): Promise<() => void> => {
    class Failing extends Amounts {
      override processBroadcastElement(_message: Message, context: KeyedBroadcastContext<string>): void {
        call(this as never, context);
      }
    }
    const operators = await openOperators<Message>(pipeline(new Failing()));
    operators.offer({ kind: 'record', value: { key: 'a', amount: 2 }, timestamp: 1 });
    operators.offer({ kind: 'record', value: { key: 'any', amount: 0 }, timestamp: 1, input: 1 });
    return () => operators.work();
  };

  it('that the state is none of the function', async () => {
    const stranger: ValueState<number> = { value: () => 1, update: () => {}, clear: () => {} };
    expect(await failing((_fn, context) => context.applyToKeyedState(stranger, () => {}))).toThrow(
      /applyToKeyedState\(\) of operator "Failing" was given a state that its function did not get in open\(\)/,
    );
  });

  it('that it was called outside of processBroadcastElement, as within itself', async () => {
    const nested = await failing((fn, context) =>
      context.applyToKeyedState(fn.total, () => context.applyToKeyedState(fn.total, () => {})),
    );
    expect(nested).toThrow(
      /applyToKeyedState\(\) of operator "Failing" was called outside of processBroadcastElement\(\)/,
    );
  });

  it('which function threw, and that it must not be asynchronous', async () => {
    const throwing = await failing((fn, context) =>
      context.applyToKeyedState(fn.total, () => {
        throw new Error('Oh.');
      }),
    );
    expect(throwing).toThrow(/applyToKeyedState\(\) of operator "Failing" \(subtask 0\) threw/);
    const asynchronous = await failing((fn, context) => context.applyToKeyedState(fn.total, async () => {}));
    expect(asynchronous).toThrow(/promise/);
  });
});
