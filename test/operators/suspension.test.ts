import { describe, expect, it } from 'vitest';
import type { DataStream } from '../../src/api/data-stream.js';
import { type Collector, type KeyedContext, KeyedProcessFunction } from '../../src/api/functions.js';
import { operatorUid, subtaskIndex } from '../../src/protocol/ids.js';
import { openOperators } from './open-operators.js';
import { observe } from './operator-subtask.js';

/** Sets as many timers as its element says, and emits for each that fires. */
class SetTimers extends KeyedProcessFunction<number, number, number> {
  processElement(count: number, { timerService }: KeyedContext<number>): void {
    for (let timestamp = 1; timestamp <= count; timestamp += 1)
      timerService.registerEventTimeTimer(timestamp);
  }

  override onTimer(timestamp: number, _context: KeyedContext<number>, out: Collector<number>): void {
    out.collect(timestamp);
  }
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index + 1);

describe('An emission that can be suspended never overdraws a full output', () => {
  const count = 50;

  it.each<[string, (input: DataStream<number>) => void]>([
    ['an iterable of a flatMap', (input) => observe(input.flatMap(upTo))],
    ['iterables of two flatMaps', (input) => observe(input.flatMap(upTo).flatMap((value) => [value]))],
    ['timers due at one watermark', (input) => observe(input.keyBy(() => 0).process(new SetTimers()))],
  ])('%s', async (_what, pipeline) => {
    const operators = await openOperators<number>(pipeline, 'one-slot');
    operators.offer({ kind: 'record', value: count, timestamp: 1 });
    operators.offer({ kind: 'watermark', timestamp: 1_000 });
    operators.work();
    const { emitted, overdraftMax } = operators.output;
    expect(emitted.map((each) => (each.kind === 'record' ? each.value : each.kind))).toEqual([
      ...upTo(count),
      'event',
    ]);
    expect(overdraftMax).toBe(0);
  });

  it('an iterable that never ends', async () => {
    const operators = await openOperators<number>(
      (input) =>
        observe(
          input.flatMap(function* (value) {
            for (;;) yield value;
          }),
        ),
      'one-slot',
    );
    operators.offer({ kind: 'record', value: 1, timestamp: 1 });
    for (let step = 0; step < 1_000; step += 1)
      if (operators.step() === 'blocked') operators.output.makeRoom();
    expect(operators.output.emitted.length).toBeGreaterThan(400);
    expect(operators.output.overdraftMax).toBe(0);
  });
});

describe('A keyed operator’s event time', () => {
  class TellWatermark extends KeyedProcessFunction<number, number, number> {
    processElement(_value: number, context: KeyedContext<number>, out: Collector<number>): void {
      out.collect(context.timerService.currentWatermark());
    }
  }

  it('does not go back behind what it had restored, and forwards that', async () => {
    const restored = {
      operatorUid: operatorUid('tell'),
      subtaskIndex: subtaskIndex(0),
      snapshot: { subtaskState: { watermark: 100 }, stateBytes: 0 },
    };
    const operators = await openOperators<number>(
      (input) => observe(input.keyBy(() => 0).process(new TellWatermark(), { uid: 'tell' })),
      'unbounded',
      [restored],
    );
    for (const timestamp of [50, 150]) {
      operators.offer({ kind: 'watermark', timestamp });
      operators.offer({ kind: 'record', value: 1, timestamp: 1 });
    }
    operators.work();
    expect(
      operators.output.emitted.map((each) => {
        if (each.kind === 'record') return each.value;
        return each.kind === 'event' && each.event.kind === 'watermark'
          ? `w${each.event.timestamp}`
          : each.kind;
      }),
    ).toEqual(['w100', 100, 'w150', 150]);
  });
});
