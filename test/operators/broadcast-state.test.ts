import { describe, expect, it } from 'vitest';
import {
  type BroadcastContext,
  BroadcastProcessFunction,
  type Collector,
  KeyedBroadcastProcessFunction,
  type KeyedContext,
  type MapStateDescriptor,
  type OnTimerContext,
  OutputTag,
  type ProcessContext,
  type ReadOnlyBroadcastStates,
  type RuntimeContext,
  type ValueState,
} from '../../src/index.js';
import { valuesOf } from './one-slot-edge.js';
import { openOperators } from './open-operators.js';
import { endOfInput, record, runEveryWay, type Step, secondRecord, watermark } from './operator-harness.js';
import { observe, type Pipeline } from './operator-subtask.js';

/** An amount of a key; or, on the broadcast side, the limit of a kind of amounts. */
interface Message {
  readonly key: string;
  readonly amount: number;
}

const limits: MapStateDescriptor<string, number> = { name: 'limits' };
const changes = new OutputTag<string>('changes');

const amount = (key: string, value: number, timestamp: number): Step<Message> =>
  record({ key, amount: value }, timestamp);
const limit = (kind: string, value: number, timestamp: number): Step<Message> =>
  secondRecord({ key: kind, amount: value }, timestamp);

/** What is above a limit, by the limits that are known when it comes; and a key's total when its timer fires. */
class AboveLimits extends KeyedBroadcastProcessFunction<string, Message, Message, string> {
  private total!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.total = context.getState<number>({ name: 'total' });
  }

  processElement(
    message: Message,
    context: KeyedContext<string> & ReadOnlyBroadcastStates,
    out: Collector<string>,
  ): void {
    this.total.update((this.total.value() ?? 0) + message.amount);
    for (const [kind, most] of context.getBroadcastState(limits).entries()) {
      if (message.amount > most) out.collect(`${context.currentKey} ${message.amount} > ${kind}`);
    }
    context.timerService.registerEventTimeTimer(100);
  }

  processBroadcastElement(message: Message, context: BroadcastContext): void {
    const state = context.getBroadcastState(limits);
    context.output(changes, `${message.key}: ${state.get(message.key) ?? 'none'} at ${context.timestamp}`);
    if (message.amount === 0) state.remove(message.key);
    else state.put(message.key, message.amount);
  }

  override onTimer(
    _timestamp: number,
    context: OnTimerContext<string> & ReadOnlyBroadcastStates,
    out: Collector<string>,
  ): void {
    const known = context.getBroadcastState(limits).entries().length;
    out.collect(`${context.currentKey} has ${this.total.value()}, ${known} limits`);
  }
}

const keyOf = (message: Message): string => message.key;

const keyedPipeline =
  (fn: KeyedBroadcastProcessFunction<string, Message, Message, string>): Pipeline<Message> =>
  (messages, rules) => {
    const results = messages.keyBy(keyOf).connect(rules.broadcast(limits)).process(fn);
    observe(results);
    observe(results.sideOutput(changes));
  };

describe('Every way of running gives the plain result for', () => {
  it('a keyed stream with broadcast state', async () => {
    const steps = [
      amount('a', 5, 1),
      limit('low', 3, 2),
      amount('a', 5, 3),
      limit('high', 10, 4),
      amount('b', 11, 5),
      watermark(50),
      limit('low', 20, 51),
      amount('b', 11, 52),
      limit('high', 0, 53),
      amount('a', 15, 54),
      watermark(100),
      endOfInput,
    ];
    const emitted = await runEveryWay<Message>(keyedPipeline(new AboveLimits()), steps, 'in any order');
    const values = valuesOf(emitted);
    expect(values.slice(0, 4)).toEqual(['a 5 > low', 'b 11 > low', 'b 11 > high', 'b 11 > high']);
    expect(values.slice(4).sort()).toEqual(['a has 25, 1 limits', 'b has 22, 1 limits']);
    expect(valuesOf(emitted, 1)).toEqual([
      'low: none at 2',
      'high: none at 4',
      'low: 3 at 51',
      'high: 10 at 53',
    ]);
  });

  it('a stream without keys, and several broadcast states', async () => {
    const names: MapStateDescriptor<number, readonly string[]> = { name: 'names' };
    class Name extends BroadcastProcessFunction<Message, Message, string> {
      processElement(
        message: Message,
        context: ProcessContext & ReadOnlyBroadcastStates,
        out: Collector<string>,
      ): void {
        const known = context.getBroadcastState(names).get(message.amount) ?? [];
        out.collect(`${known.join('+')} ${context.getBroadcastState(limits).has(message.key)}`);
      }

      processBroadcastElement(message: Message, context: BroadcastContext): void {
        const state = context.getBroadcastState(names);
        state.put(message.amount, [...(state.get(message.amount) ?? []), message.key]);
        context.getBroadcastState(limits).put(message.key, 1);
      }
    }
    const emitted = await runEveryWay<Message>(
      (messages, rules) => observe(messages.connect(rules.broadcast(limits, names)).process(new Name())),
      [limit('x', 1, 1), limit('y', 1, 2), amount('x', 1, 3), amount('z', 2, 4), endOfInput],
    );
    expect(valuesOf(emitted)).toEqual(['x+y true', ' false']);
  });
});

describe('An error says', () => {
  const offered = async (
    fn: KeyedBroadcastProcessFunction<string, Message, Message, string>,
    input: 0 | 1,
  ): Promise<() => void> => {
    const operators = await openOperators<Message>(keyedPipeline(fn));
    operators.offer({ kind: 'record', value: { key: 'a', amount: 1 }, timestamp: 1, input });
    return () => operators.work();
  };

  it('that a broadcast element has no key, when its function uses keyed state', async () => {
    class UsesKeyedState extends AboveLimits {
      private count!: ValueState<number>;

      override open(context: RuntimeContext): void {
        super.open(context);
        this.count = context.getState<number>({ name: 'count' });
      }

      override processBroadcastElement(): void {
        this.count.update(1);
      }
    }
    expect(await offered(new UsesKeyedState(), 1)).toThrow(
      /A value state of operator "UsesKeyedState" was used in processBroadcastElement\(\): a broadcast element has no key/,
    );
  });

  it('which broadcast states there are, when another one is asked for', async () => {
    class AsksForOther extends AboveLimits {
      override processBroadcastElement(_message: Message, context: BroadcastContext): void {
        context.getBroadcastState({ name: 'others' });
      }
    }
    expect(await offered(new AsksForOther(), 1)).toThrow(/broadcast state "others".* there is limits/);
  });

  it('that the keyed side writes what it may only read', async () => {
    class Writes extends AboveLimits {
      override processElement(
        _message: Message,
        context: KeyedContext<string> & ReadOnlyBroadcastStates,
      ): void {
        const state = context.getBroadcastState(limits);
        // @ts-expect-error It has no methods that write.
        state.put('x', 1);
      }
    }
    expect(await offered(new Writes(), 0)).toThrow(
      'processElement() of operator "Writes" (subtask 0) threw.',
    );
  });
});
