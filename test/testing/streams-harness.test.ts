import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type Collector,
  type DataStream,
  type KeyedContext,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  type ListState,
  type OnTimerContext,
  type OperatorRuntimeContext,
  OutputTag,
  type ProcessContext,
  ProcessFunction,
  type RuntimeContext,
  TumblingEventTimeWindows,
  type ValueState,
} from '../../src/index.js';
import { openHarness } from '../../src/testing.js';

interface Click {
  readonly user: string;
  readonly timestamp: number;
}

interface Total {
  readonly user: string;
  readonly clicks: number;
}

const silent = new OutputTag<string>('silent');

/** Counts, and tells who has been silent for a second of processing time. */
class CountClicks extends KeyedProcessFunction<string, Click, Total> {
  private clicks!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.clicks = context.getState<number>({ name: 'clicks' });
  }

  override processElement(click: Click, context: KeyedContext<string>, out: Collector<Total>): void {
    const clicks = (this.clicks.value() ?? 0) + 1;
    this.clicks.update(clicks);
    out.collect({ user: click.user, clicks });
    const { timerService } = context;
    timerService.registerProcessingTimeTimer(timerService.currentProcessingTime() + 1_000);
  }

  override onTimer(_timestamp: number, context: OnTimerContext<string>): void {
    context.output(silent, context.currentKey);
  }
}

/** As it should not be: the count is in a field. */
class CountInAField extends KeyedProcessFunction<string, Click, number> {
  private clicks = 0;

  override processElement(_click: Click, _context: KeyedContext<string>, out: Collector<number>): void {
    this.clicks += 1;
    out.collect(this.clicks);
  }
}

const click = (user: string, timestamp = 0): Click => ({ user, timestamp });

const counting = (clicks: DataStream<Click>) => {
  const totals = clicks.keyBy(({ user }) => user).process(new CountClicks(), { uid: 'count' });
  return { totals, silent: totals.sideOutput(silent) };
};

describe('the harness of streams', () => {
  it('shows the elements, side outputs and processing-time timers of a function', async () => {
    const harness = await openHarness(counting);
    const [clicks] = harness.inputs;
    await clicks.processElement(click('ann'), 10);
    await clicks.processElements([click('bob'), click('ann')]);
    expect(harness.outputs.totals.elements).toEqual([
      { value: { user: 'ann', clicks: 1 }, timestamp: 10 },
      { value: { user: 'bob', clicks: 1 }, timestamp: undefined },
      { value: { user: 'ann', clicks: 2 }, timestamp: undefined },
    ]);
    await harness.advanceProcessingTime('999ms');
    expect(harness.outputs.silent.values).toEqual([]);
    await harness.advanceProcessingTime('1ms');
    expect(harness.outputs.silent.take().toSorted()).toEqual(['ann', 'bob']);
    expect(harness.outputs.silent.take()).toEqual([]);
    await harness.close();
  });

  it.each([
    [1, 1],
    [1, 4],
    [4, 1],
    [2, 3],
  ])('goes on from a snapshot of %i subtasks with %i, as often as wanted', async (before, after) => {
    const harness = await openHarness(counting, { parallelism: before });
    const [clicks] = harness.inputs;
    const users = Array.from({ length: 50 }, (_, i) => `user ${i}`);
    await clicks.processElements(users.map((user) => click(user)));
    const snapshot = await harness.snapshot();
    for (let time = 0; time < 2; time += 1) {
      await clicks.processElements(users.map((user) => click(user)));
      await harness.restore(snapshot, { parallelism: after });
      harness.outputs.totals.take();
      await clicks.processElements(users.map((user) => click(user)));
      expect(new Map(harness.outputs.totals.take().map((each) => [each.user, each.clicks]))).toEqual(
        new Map(users.map((user) => [user, 2])),
      );
      harness.outputs.silent.take();
    }
    await harness.advanceProcessingTime('1s');
    expect(new Set(harness.outputs.silent.take())).toEqual(new Set(users));
    await harness.close();
  });

  it.each([1, 2, 4])(
    'fires windows when the watermark passes their end, with %i subtasks',
    async (parallelism) => {
      const late = new OutputTag<Click>('late');
      const harness = await openHarness(
        (clicks: DataStream<Click>) => {
          const counts = clicks
            .keyBy(({ user }) => user)
            .window(TumblingEventTimeWindows.of('1s'))
            .sideOutputLateData(late)
            .aggregate({
              createAccumulator: () => 0,
              add: (_click, count) => count + 1,
              getResult: (count) => count,
            });
          return { counts, late: counts.sideOutput(late) };
        },
        { parallelism, restoreAfterEachStep: true },
      );
      const [clicks] = harness.inputs;
      for (const timestamp of [100, 999, 1_000]) await clicks.processElement(click('ann'), timestamp);
      await clicks.processWatermark(998);
      expect(harness.outputs.counts.values).toEqual([]);
      await clicks.processWatermark(999);
      expect(harness.outputs.counts.elements).toEqual([{ value: 2, timestamp: 999 }]);
      expect(harness.outputs.counts.watermark).toBe(999);
      await clicks.processElement(click('ann'), 5);
      expect(harness.outputs.late.values).toEqual([click('ann')]);
      await clicks.endInput();
      expect(harness.outputs.counts.values).toEqual([2, 1]);
      await harness.close();
    },
  );

  it('restored after each step, finds out a count that is kept in a field', async () => {
    const harness = await openHarness(
      (clicks: DataStream<Click>) => ({
        counts: clicks.keyBy(({ user }) => user).process(new CountInAField()),
      }),
      { restoreAfterEachStep: true },
    );
    const [clicks] = harness.inputs;
    await clicks.processElement(click('ann'));
    await expect(clicks.processElement(click('ann'))).rejects.toThrow(
      /differs, element 1: 1 at no time, and without a restore 2 at no time.*not in its state/,
    );
  });

  it('takes several inputs', async () => {
    const harness = await openHarness((numbers: DataStream<number>, words: DataStream<string>) => ({
      all: numbers.map(String).union(words),
    }));
    const [numbers, words] = harness.inputs;
    await numbers.processElement(1);
    await words.processElement('two');
    expect(harness.outputs.all.values).toEqual(['1', 'two']);
    await numbers.processWatermark(7);
    expect(harness.outputs.all.watermarks).toEqual([]);
    await words.processIdleness(true);
    expect(harness.outputs.all.watermarks).toEqual([7]);
    await words.processWatermark(5);
    await words.processIdleness(false);
    await words.processWatermark(9);
    await numbers.processWatermark(8);
    expect(harness.outputs.all.watermarks).toEqual([7, 8]);
    await harness.close();
  });

  it.each([1, 3])(
    'runs functions of two inputs, with state that both share, in %i subtasks',
    async (parallelism) => {
      class ClicksOfMembers extends KeyedCoProcessFunction<string, Click, string, Click> {
        private isMember!: ValueState<boolean>;

        override open(context: RuntimeContext): void {
          this.isMember = context.getState<boolean>({ name: 'is-member' });
        }

        override processElement1(click: Click, _context: KeyedContext<string>, out: Collector<Click>): void {
          if (this.isMember.value() === true) out.collect(click);
        }

        override processElement2(): void {
          this.isMember.update(true);
        }
      }
      const harness = await openHarness(
        (clicks: DataStream<Click>, members: DataStream<string>) => ({
          ofMembers: clicks
            .keyBy(({ user }) => user)
            .connect(members.keyBy((user) => user))
            .process(new ClicksOfMembers(), { uid: 'members' }),
        }),
        { parallelism, restoreAfterEachStep: true },
      );
      const [clicks, members] = harness.inputs;
      await clicks.processElement(click('ann'), 1);
      await members.processElement('ann');
      await clicks.processElements([click('ann'), click('bob')]);
      expect(harness.outputs.ofMembers.values).toEqual([click('ann')]);
      await clicks.processWatermark(10);
      await members.processWatermark(7);
      expect(harness.outputs.ofMembers.watermark).toBe(7);
      await harness.close();
    },
  );

  it('shares operator list state among other numbers of subtasks, as a job does', async () => {
    class Buffering extends ProcessFunction<number, readonly number[]> {
      private held!: ListState<number>;

      override open(context: OperatorRuntimeContext): void {
        this.held = context.getOperatorListState<number>({ name: 'held' });
      }

      override processElement(n: number, _context: ProcessContext, out: Collector<readonly number[]>): void {
        if (n >= 0) this.held.add(n);
        else out.collect([...this.held.get()]);
      }
    }
    const harness = await openHarness(
      (numbers: DataStream<number>) => ({ held: numbers.process(new Buffering(), { uid: 'buffer' }) }),
      { parallelism: 2 },
    );
    const [numbers] = harness.inputs;
    await numbers.processElements([1, 2, 3, 4, 5]);
    const snapshot = await harness.snapshot();
    for (const parallelism of [1, 3, 2]) {
      await harness.restore(snapshot, { parallelism });
      await numbers.processElements(Array.from({ length: parallelism }, () => -1));
      expect(harness.outputs.held.take().flat().toSorted()).toEqual([1, 2, 3, 4, 5]);
    }
    await harness.close();
  });

  it('goes on from a snapshot of another harness, as a new version of a job does', async () => {
    const old = await openHarness(counting, { parallelism: 2 });
    await old.inputs[0].processElements(['ann', 'ann', 'bob'].map((user) => click(user)));
    await old.snapshot();
    const snapshot = await old.snapshot();
    await old.close();

    const harness = await openHarness(
      (clicks: DataStream<Click>) => ({
        doubled: counting(clicks).totals.map(({ user, clicks }) => `${user} ${clicks * 2}`),
      }),
      { restoreAfterEachStep: true },
    );
    await harness.restore(snapshot);
    await harness.inputs[0].processElements(['ann', 'bob', 'eve', 'ann'].map((user) => click(user)));
    await harness.restore(await harness.snapshot());
    await harness.inputs[0].processElement(click('ann'));
    expect(harness.outputs.doubled.values).toEqual(['ann 6', 'bob 4', 'eve 2', 'ann 8', 'ann 10']);
    await harness.close();
  });

  it('waits for asynchronous functions as the test says, and begins their requests again after a restore', async () => {
    const requests: { readonly n: number; readonly answer: (doubled: number) => void }[] = [];
    const harness = await openHarness((numbers: DataStream<number>) => ({
      doubled: numbers.orderedWait((n) => new Promise<number>((answer) => requests.push({ n, answer })), {
        timeout: '10s',
        uid: 'double',
      }),
    }));
    const [numbers] = harness.inputs;
    await numbers.processElements([1, 2]);
    requests[1]!.answer(4);
    await harness.settle();
    expect(harness.outputs.doubled.values).toEqual([]);
    await harness.restore(await harness.snapshot());
    expect(requests.map(({ n }) => n)).toEqual([1, 2, 1, 2]);
    requests[3]!.answer(4);
    requests[2]!.answer(2);
    await harness.settle();
    expect(harness.outputs.doubled.values).toEqual([2, 4]);
    await numbers.processElement(3);
    await expect(harness.advanceProcessingTime('10s')).rejects.toMatchObject({
      message: expect.stringContaining('double'),
    });
  });

  it('passes on what a function throws, with the operator that it was in', async () => {
    const harness = await openHarness((numbers: DataStream<number>) => ({
      halves: numbers.map(
        (n) => {
          if (n % 2 === 1) throw new Error(`${n} is odd`);
          return n / 2;
        },
        { uid: 'halve' },
      ),
    }));
    const failure = {
      message: expect.stringContaining('"halve" (subtask 0)'),
      cause: { message: '3 is odd' },
    };
    await expect(harness.inputs[0].processElement(3)).rejects.toMatchObject(failure);
    await expect(harness.inputs[0].processElement(4)).rejects.toMatchObject(failure);
  });

  it('freezes what functions are given, and leaves the test’s own object alone', async () => {
    const harness = await openHarness((clicks: DataStream<Click>) => ({
      changed: clicks.map((each) => Object.assign(each, { user: 'eve' })),
    }));
    const given = click('ann');
    await expect(harness.inputs[0].processElement(given)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('read only property') },
    });
    expect(Object.isFrozen(given)).toBe(false);
  });

  it('knows the types of its inputs and outputs', async () => {
    const harness = await openHarness((numbers: DataStream<number>, words: DataStream<string>) => ({
      lengths: words.map((word) => word.length),
      texts: numbers.map(String),
    }));
    expectTypeOf(harness.inputs[1].processElement).parameter(0).toEqualTypeOf<string>();
    expectTypeOf(harness.outputs.lengths.values).toEqualTypeOf<readonly number[]>();
    expectTypeOf(harness.outputs).toHaveProperty('texts');
    // @ts-expect-error: a number is no word.
    await harness.inputs[1].processElement(1).catch(() => {});
    // @ts-expect-error: there is no such output.
    expect(harness.outputs.words).toBeUndefined();
  });

  it('refuses a step that does not wait for the one before', async () => {
    const harness = await openHarness((numbers: DataStream<number>) => ({ same: numbers.map((n) => n) }));
    const first = harness.inputs[0].processElement(1);
    await expect(harness.inputs[0].processElement(2)).rejects.toThrow(/Await each call/);
    await first;
  });
});
