import { describe, expect, it } from 'vitest';
import {
  type Collector,
  CoProcessFunction,
  type KeyedContext,
  KeyedCoProcessFunction,
  type OnTimerContext,
  OutputTag,
  type ProcessContext,
  type RuntimeContext,
  type ValueState,
} from '../../src/index.js';
import { valuesOf } from './one-slot-edge.js';
import { openOperators } from './open-operators.js';
import { endOfInput, record, runEveryWay, secondRecord, timePasses, watermark } from './operator-harness.js';
import { observe } from './operator-subtask.js';

interface Trip {
  readonly car: string;
  readonly what: string;
}

const trip = (car: string, what: string): Trip => ({ car, what });

const unmatched = new OutputTag<string>('unmatched');

/** Rides and fares of one car meet, whichever comes first; who waits in vain for 10 ms goes to a side output. */
class Match extends KeyedCoProcessFunction<string, Trip, Trip, string> {
  private ride!: ValueState<Trip>;
  private fare!: ValueState<Trip>;

  override open(context: RuntimeContext): void {
    this.ride = context.getState<Trip>({ name: 'ride' });
    this.fare = context.getState<Trip>({ name: 'fare' });
  }

  processElement1(ride: Trip, context: KeyedContext<string>, out: Collector<string>): void {
    this.meet(ride, this.ride, this.fare, context, out);
  }

  processElement2(fare: Trip, context: KeyedContext<string>, out: Collector<string>): void {
    this.meet(fare, this.fare, this.ride, context, out);
  }

  override onTimer(timestamp: number, context: OnTimerContext<string>): void {
    const waiting = this.ride.value() ?? this.fare.value();
    if (waiting === undefined) return;
    context.output(unmatched, `${context.currentKey} ${waiting.what} at ${timestamp}`);
    this.ride.clear();
    this.fare.clear();
  }

  private meet(
    own: Trip,
    ownState: ValueState<Trip>,
    otherState: ValueState<Trip>,
    context: KeyedContext<string>,
    out: Collector<string>,
  ): void {
    const other = otherState.value();
    if (other === undefined) {
      ownState.update(own);
      context.timerService.registerEventTimeTimer(context.timestamp! + 10);
    } else {
      otherState.clear();
      out.collect(`${context.currentKey} ${own.what} meets ${other.what}`);
    }
  }
}

describe('Every way of running gives the plain result for connected streams:', () => {
  it('state and timers of a key are shared by the two inputs', async () => {
    const emitted = await runEveryWay<Trip>(
      (rides, fares) => {
        const met = rides
          .keyBy(({ car }) => car)
          .connect(fares.keyBy(({ car }) => car))
          .process(new Match());
        observe(met);
        observe(met.sideOutput(unmatched));
      },
      [
        record(trip('a', 'ride 1'), 1),
        secondRecord(trip('b', 'fare 1'), 2),
        secondRecord(trip('a', 'fare 2'), 3),
        watermark(5),
        record(trip('c', 'ride 2'), 6),
        record(trip('b', 'ride 3'), 7),
        secondRecord(trip('d', 'fare 3'), 8),
        watermark(30),
        secondRecord(trip('c', 'fare 4'), 31),
        endOfInput,
      ],
    );
    expect(valuesOf(emitted)).toEqual(['a fare 2 meets ride 1', 'b ride 3 meets fare 1']);
    expect(valuesOf(emitted, 1)).toEqual(['c ride 2 at 16', 'd fare 3 at 18']);
  });

  it('processing-time timers of either input', async () => {
    class Later extends KeyedCoProcessFunction<string, Trip, Trip, string> {
      processElement1(_: Trip, context: KeyedContext<string>): void {
        const { timerService } = context;
        timerService.registerProcessingTimeTimer(timerService.currentProcessingTime() + 10);
      }

      processElement2(_: Trip, context: KeyedContext<string>): void {
        const { timerService } = context;
        timerService.registerProcessingTimeTimer(timerService.currentProcessingTime() + 20);
      }

      override onTimer(_: number, context: OnTimerContext<string>, out: Collector<string>): void {
        out.collect(`${context.currentKey} by ${context.timeDomain}`);
      }
    }
    const emitted = await runEveryWay<Trip>(
      (first, second) => observe(first.connect(second).keyBy(carOf, carOf).process(new Later())),
      [secondRecord(trip('b', ''), 1), record(trip('a', ''), 1), timePasses(15), timePasses(15)],
    );
    expect(valuesOf(emitted)).toEqual(['a by processing-time', 'b by processing-time']);
  });

  it('a map and a flatMap with a function for each side', async () => {
    const emitted = await runEveryWay<number>(
      (first, second) => {
        const mapped = first
          .connect(second)
          .map({ map1: (value) => [1, value], map2: (value) => [2, value] });
        observe(mapped);
      },
      [record(1, 1), secondRecord(2, 2), watermark(2), secondRecord(3, 3), record(4, 4), endOfInput],
    );
    expect(valuesOf(emitted)).toEqual([
      [1, 1],
      [2, 2],
      [2, 3],
      [1, 4],
    ]);
    const flat = await runEveryWay<number>(
      (first, second) =>
        observe(
          first.connect(second).flatMap<number>({
            *flatMap1(value) {
              for (let times = 0; times < value; times += 1) yield value;
            },
            flatMap2: (value, out) => out.collect(-value),
          }),
        ),
      [record(2, 1), secondRecord(7, 2), record(3, 3), watermark(4), secondRecord(8, 5), endOfInput],
    );
    expect(valuesOf(flat)).toEqual([2, 2, -7, 3, 3, 3, -8]);
  });

  it('a process function without keys, which sees the watermark and has side outputs', async () => {
    class Late extends CoProcessFunction<number, number, string> {
      processElement1(value: number, context: ProcessContext, out: Collector<string>): void {
        out.collect(`${value} ${context.timestamp! <= context.currentWatermark()}`);
      }

      processElement2(value: number, context: ProcessContext): void {
        context.output(unmatched, `${value} ${context.timestamp! <= context.currentWatermark()}`);
      }
    }
    const emitted = await runEveryWay<number>(
      (first, second) => {
        const processed = first.connect(second).process(new Late());
        observe(processed);
        observe(processed.sideOutput(unmatched));
      },
      [record(1, 1), secondRecord(2, 2), watermark(5), record(3, 3), secondRecord(6, 6), endOfInput],
    );
    expect(valuesOf(emitted)).toEqual(['1 false', '3 true']);
    expect(valuesOf(emitted, 1)).toEqual(['2 false', '6 false']);
  });
});

it('A function of connected streams that throws says for which side', async () => {
  class Broken extends CoProcessFunction<number, number, number> {
    processElement1(): void {}
    processElement2(): void {
      throw new Error('on purpose');
    }
  }
  const operators = await openOperators<number>((first, second) =>
    observe(first.connect(second).process(new Broken())),
  );
  operators.offer({ kind: 'record', value: 1, timestamp: 1 });
  operators.work();
  operators.offer({ kind: 'record', value: 1, timestamp: 1, input: 1 });
  expect(() => operators.work()).toThrow('processElement2() of operator "Broken" (subtask 0) threw.');
});

function carOf(value: Trip): string {
  return value.car;
}
