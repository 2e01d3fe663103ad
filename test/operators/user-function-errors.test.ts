import { describe, expect, it } from 'vitest';
import type { DataStream } from '../../src/api/data-stream.js';
import {
  type Collector,
  type FlatMapFunction,
  type KeyedContext,
  KeyedProcessFunction,
  type RuntimeContext,
  type TimerService,
} from '../../src/api/functions.js';
import { OutputTag } from '../../src/api/output-tag.js';
import type { MapState, ValueState } from '../../src/state/state-descriptors.js';
import { type OpenOperators, openOperators } from './open-operators.js';
import { observe } from './operator-subtask.js';

/** What the operators throw at a number; also checks that the attempt has then failed for good. */
async function errorOf(pipeline: (input: DataStream<number>) => void, value = 1): Promise<Error> {
  const operators = await openOperators<number>(pipeline);
  return thrownBy(operators, value);
}

function thrownBy(operators: OpenOperators<number>, value: number): Error {
  operators.offer({ kind: 'record', value, timestamp: 1 });
  try {
    operators.work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('The operators did not fail.');
}

const fails = (value: number): number => {
  throw new RangeError(`no ${value}`);
};

describe('An error of a user’s function', () => {
  it.each<[string, (input: DataStream<number>) => void, string]>([
    ['map', (input) => observe(input.map(fails)), 'The map function of operator "map"'],
    [
      'filter',
      (input) => observe(input.filter((value) => fails(value) > 0)),
      'The filter function of operator "filter"',
    ],
    [
      'flatMap',
      (input) => observe(input.flatMap((value) => [fails(value)])),
      'The flatMap function of operator "flat-map"',
    ],
    [
      'an iterable',
      (input) =>
        observe(
          input.flatMap(function* (value) {
            yield 1;
            yield fails(value);
          }),
        ),
      'The iterable returned by the flatMap function of operator "flat-map"',
    ],
    [
      'the key selector',
      (input) => observe(input.keyBy(fails).process(new PassOn())),
      'processElement() of operator "PassOn"',
    ],
  ])('of %s names operator and subtask, and keeps the cause', async (_what, pipeline, where) => {
    const error = await errorOf(pipeline);
    expect(error.message).toBe(`${where} (subtask 0) threw.`);
    expect(error).toMatchObject({ domain: 'user-code', action: 'restart', cause: new RangeError('no 1') });
  });

  it('in open() fails the deployment', async () => {
    class NeverOpen extends PassOn {
      override open(): void {
        throw new Error('no database');
      }
    }
    await expect(
      openOperators<number>((input) => observe(input.keyBy((value) => value).process(new NeverOpen()))),
    ).rejects.toThrow('open() of operator "NeverOpen" (subtask 0) threw.');
  });
});

/** Swallows what `collect` throws. */
const careless: FlatMapFunction<number, number> = (value, out) => {
  try {
    out.collect(value);
  } catch {
    // A user's own idea of error handling.
  }
};

class PassOn extends KeyedProcessFunction<number, number, number> {
  processElement(value: number, _context: KeyedContext<number>, out: Collector<number>): void {
    out.collect(value);
  }
}

class Careless extends KeyedProcessFunction<number, number, number> {
  static readonly side = new OutputTag<number>('side');

  processElement(value: number, context: KeyedContext<number>, out: Collector<number>): void {
    try {
      if (value === 1) out.collect(value);
      else context.output(Careless.side, value);
    } catch {}
  }
}

describe('An error of an operator behind can’t be swallowed by a catch around', () => {
  it('collect in a flatMap', async () => {
    const error = await errorOf((input) => observe(input.flatMap(careless).map(fails)));
    expect(error.message).toBe('The map function of operator "map" (subtask 0) threw.');
  });

  it('collect in a generator of a flatMap', async () => {
    const generator: FlatMapFunction<number, number> = function* (value, out) {
      careless(value, out);
      yield 2;
    };
    const error = await errorOf((input) => observe(input.flatMap(generator).map(fails)));
    expect(error.cause).toEqual(new RangeError('no 1'));
  });

  it.each([1, 2])('collect and output in a keyed function (%i)', async (value) => {
    const error = await errorOf((input) => {
      const keyed = input.keyBy((each) => each).process(new Careless());
      observe(keyed.map(fails));
      observe(keyed.sideOutput(Careless.side).map(fails));
    }, value);
    expect(error.cause).toEqual(new RangeError(`no ${value}`));
  });

  it('two flatMaps, whichever of them catches', async () => {
    const error = await errorOf((input) => observe(input.flatMap(careless).flatMap(careless).map(fails)));
    expect(error.message).toContain('operator "map"');
  });
});

describe('A function that returns a promise', () => {
  const promising = async (value: number): Promise<number> => value;
  class Async extends KeyedProcessFunction<number, number, number> {
    async processElement(): Promise<void> {}
  }
  class AsyncOpen extends PassOn {
    override async open(): Promise<void> {}
  }

  it.each<[string, (input: DataStream<number>) => void, string]>([
    ['map', (input) => observe(input.map(promising)), 'map'],
    ['filter', (input) => observe(input.filter(promising as never)), 'filter'],
    ['flatMap', (input) => observe(input.flatMap(promising as never)), 'flat-map'],
    ['processElement', (input) => observe(input.keyBy((value) => value).process(new Async())), 'Async'],
  ])('of %s fails the job, which no restart would cure', async (_what, pipeline, name) => {
    const error = await errorOf(pipeline);
    expect(error.message).toContain(`A function of operator "${name}" returned a promise`);
    expect(error).toMatchObject({ action: 'fail-job' });
  });

  it('of open fails the deployment', async () => {
    await expect(
      openOperators<number>((input) => observe(input.keyBy((value) => value).process(new AsyncOpen()))),
    ).rejects.toThrow('returned a promise');
  });

  it('or an async generator is told from an iterable', async () => {
    const asyncGenerator = async function* (value: number): AsyncGenerator<number> {
      yield value;
    };
    const error = await errorOf((input) => observe(input.flatMap(asyncGenerator as never)));
    expect(error.message).toContain("returned a value that can't be iterated");
  });
});

/** Keeps everything that it is given, for use at the wrong time. */
class Hoarder extends KeyedProcessFunction<number, number, number> {
  value!: ValueState<number>;
  map!: MapState<string, number>;
  timers!: TimerService;
  out!: Collector<number>;
  context!: KeyedContext<number>;

  override open(context: RuntimeContext): void {
    this.value = context.getState<number>({ name: 'value' });
    this.map = context.getMapState<string, number>({ name: 'map' });
  }

  processElement(_value: number, context: KeyedContext<number>, out: Collector<number>): void {
    this.timers = context.timerService;
    this.context = context;
    this.out = out;
  }
}

describe('What a function was given', () => {
  it.each<[string, (hoarder: Hoarder) => void]>([
    ['The collector', (hoarder) => hoarder.out.collect(1)],
    ['The side output', (hoarder) => hoarder.context.output(Careless.side, 1)],
    ['The timer service', (hoarder) => hoarder.timers.registerEventTimeTimer(5)],
    ['The timer service', (hoarder) => hoarder.timers.deleteProcessingTimeTimer(5)],
    ['A value state', (hoarder) => hoarder.value.update(1)],
    ['A map state', (hoarder) => hoarder.map.get('a')],
  ])('works only during its call: %s', async (what, use) => {
    const hoarder = new Hoarder();
    const operators = await openOperators<number>((input) =>
      observe(input.keyBy((value) => value).process(hoarder)),
    );
    operators.offer({ kind: 'record', value: 1, timestamp: 1 });
    operators.work();
    expect(() => use(hoarder)).toThrow(
      `${what} of operator "Hoarder" was used outside of the call it was given for`,
    );
  });

  it('refuses a timer at no whole millisecond', async () => {
    class Fractions extends PassOn {
      override processElement(_value: number, context: KeyedContext<number>): void {
        context.timerService.registerEventTimeTimer(1.5);
      }
    }
    const error = await errorOf((input) => observe(input.keyBy((value) => value).process(new Fractions())));
    expect(error.cause).toEqual(
      new RangeError("A timer's timestamp must be a whole number of epoch milliseconds, not 1.5."),
    );
  });
});

describe('A function that emits without end through its collector', () => {
  it('in front of one that is suspended fails with what to do, and memory stays bounded', async () => {
    let emitted = 0;
    const endless: FlatMapFunction<number, number> = (value, out) => {
      for (;;) {
        emitted += 1;
        out.collect(value);
      }
    };
    const operators = await openOperators<number>(
      (input) => observe(input.flatMap(endless).flatMap((value) => [value, value])),
      'one-slot',
    );
    expect(thrownBy(operators, 1).message).toMatch(
      /Too many records were emitted in one call: 16384 wait for/,
    );
    expect(emitted).toBe(16_384 + 2);
  });
});
