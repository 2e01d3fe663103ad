import { describe, expect, it } from 'vitest';
import { type Collector, type KeyedContext, KeyedProcessFunction } from '../../src/index.js';
import { valuesOf } from './one-slot-edge.js';
import { type OpenOperators, openOperators } from './open-operators.js';
import { observe, type Pipeline } from './operator-subtask.js';

const keys = 5_000;

/** Each key's timer is due at the same time; none of them emits anything but the last key's. */
class Reminders extends KeyedProcessFunction<number, number, string> {
  fired = 0;

  processElement(value: number, context: KeyedContext<number>, out: Collector<string>): void {
    if (value < keys) context.timerService.registerEventTimeTimer(100);
    else out.collect(`${value} after ${this.fired} timers`);
  }

  override onTimer(): void {
    this.fired += 1;
  }
}

const pipelineOf =
  (fn: Reminders): Pipeline<number> =>
  (numbers) =>
    observe(numbers.keyBy((n) => n).process(fn));

/** With a timer of each key, a watermark that makes them due, and an element behind it, offered but for the timers' own. */
async function withDueTimers(fn: Reminders): Promise<OpenOperators<number>> {
  const operators = await openOperators<number>(pipelineOf(fn));
  for (let key = 0; key < keys; key += 1) operators.offer({ kind: 'record', value: key, timestamp: 1 });
  operators.work();
  operators.offer({ kind: 'watermark', timestamp: 100 });
  operators.offer({ kind: 'record', value: keys, timestamp: 101 });
  return operators;
}

describe('Very many timers that are due at once', () => {
  it('fire in shares, between which the thread is free for others', async () => {
    const fn = new Reminders();
    const operators = await withDueTimers(fn);
    let most = 0;
    while (operators.pendingArrivals > 0) {
      const before = fn.fired;
      operators.step();
      most = Math.max(most, fn.fired - before);
    }
    expect(fn.fired).toBe(keys);
    expect(most).toBeGreaterThan(100);
    expect(most).toBeLessThan(keys / 3);
  });

  it('let nothing in between two shares, however much a step may take', async () => {
    const fn = new Reminders();
    const operators = await withDueTimers(fn);
    operators.step(10);
    expect(fn.fired).toBeLessThan(keys);
    expect(operators.pendingArrivals).toBe(1);
  });

  it('have all fired before what comes behind them', async () => {
    const operators = await withDueTimers(new Reminders());
    operators.work();
    expect(valuesOf(operators.output.emitted)).toEqual([`${keys} after ${keys} timers`]);
  });

  it('fire at the end of the input, too', async () => {
    const fn = new Reminders();
    const operators = await withDueTimers(fn);
    operators.endInput();
    operators.work();
    expect(fn.fired).toBe(keys);
    expect(operators.failures).toEqual([]);
  });
});
