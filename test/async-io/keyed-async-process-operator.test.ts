import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AsyncOptions } from '../../src/api/async-function.js';
import { AsyncRetryStrategies } from '../../src/api/async-retry-strategies.js';
import type { DeepReadonly } from '../../src/api/deep-readonly.js';
import type { Collector, KeyedContext, OnTimerContext } from '../../src/api/functions.js';
import {
  type KeyedAsyncContext,
  KeyedAsyncProcessFunction,
  type KeyedAsyncRuntimeContext,
} from '../../src/api/keyed-async-process-function.js';
import type { Clock } from '../../src/host/clock.js';
import type { ValueState } from '../../src/state/state-descriptors.js';
import type { Arrival } from '../../src/testing/pushed-input.js';
import { crashPoints } from '../operators/crash-point.js';
import type { OutputSize } from '../operators/one-slot-edge.js';
import { observe } from '../operators/operator-subtask.js';
import { AsyncRun } from './async-run.js';

interface Click {
  readonly id: number;
  readonly user: string;
  /** How long a look-up takes, attempt by attempt; a negative time is one after which it fails. */
  readonly takesMs: readonly number[];
  /** Forget the user afterwards, so that the next click looks up again. */
  readonly forgets?: boolean;
  /** Set a timer this long after the click. */
  readonly timer?: number;
}

const click = (id: number, user: string, ...takesMs: number[]): Arrival<Click> => ({
  kind: 'record',
  value: { id, user, takesMs },
  timestamp: id,
});
const watermark = (timestamp: number): Arrival<Click> => ({ kind: 'watermark', timestamp });

/** Looks a user up when the state does not know him, and says which click of his it is. */
class Enrich extends KeyedAsyncProcessFunction<string, Click, string, string> {
  atOnceMax = 0;
  readonly calls: string[] = [];
  private atOnce = 0;
  private profile!: ValueState<string>;
  private clicks!: ValueState<number>;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    super();
    this.clock = clock;
  }

  override open(context: KeyedAsyncRuntimeContext): void {
    this.profile = context.getState<string>({ name: 'profile' });
    this.clicks = context.getState<number>({ name: 'clicks', defaultValue: 0 });
  }

  asyncInvoke(
    { id, takesMs }: DeepReadonly<Click>,
    { attempt, currentKey }: KeyedAsyncContext<string>,
  ): Promise<string> | undefined {
    if (this.profile.value() !== undefined) return undefined;
    this.calls.push(`${id}#${attempt}`);
    this.atOnce += 1;
    this.atOnceMax = Math.max(this.atOnceMax, this.atOnce);
    const takes = takesMs[Math.min(attempt, takesMs.length) - 1] ?? 0;
    return new Promise((resolve, reject) => {
      this.clock.setTimer(Math.abs(takes), () => {
        this.atOnce -= 1;
        if (takes < 0) reject(new RangeError(`no ${currentKey}`));
        else resolve(`profile of ${currentKey} by ${id}`);
      });
    });
  }

  processElement(
    { id, forgets, timer }: DeepReadonly<Click>,
    answer: string | undefined,
    context: KeyedContext<string>,
    out: Collector<string>,
  ): void {
    const profile = answer ?? this.profile.value();
    const clicks = (this.clicks.value() ?? 0) + 1;
    this.clicks.update(clicks);
    out.collect(`${context.currentKey}: click ${clicks} is ${id}, ${profile}`);
    if (forgets === true) this.profile.clear();
    else if (answer !== undefined) this.profile.update(answer);
    if (timer !== undefined) context.timerService.registerEventTimeTimer(id + timer);
  }

  override onTimer(timestamp: number, context: OnTimerContext<string>, out: Collector<string>): void {
    out.collect(`${context.currentKey}: timer ${timestamp}`);
  }
}

interface Setup {
  readonly options?: Partial<AsyncOptions<string>>;
  readonly outputSize?: OutputSize;
  readonly enrich?: (clock: Clock) => Enrich;
}

async function begin({ options = {}, outputSize, enrich }: Setup = {}) {
  const functions: Enrich[] = [];
  const run = new AsyncRun<Click>((input, clock) => {
    const made = enrich?.(clock) ?? new Enrich(clock);
    functions.push(made);
    const enriched = input
      .keyBy((value) => value.user)
      .processAsync(made, { timeout: '10s', uid: 'enrich', ...options });
    // The flatMap behind it is suspended whenever the output is full.
    observe(enriched.flatMap((text) => [text]));
  }, outputSize);
  await run.begin();
  return { run, functions };
}

/** Records as they are, watermarks as their number. */
function order(run: AsyncRun<Click>): (string | number)[] {
  return run.emitted.flatMap((each): (string | number)[] => {
    if (each.kind === 'record') return [String(each.value)];
    if (each.kind !== 'event') return [];
    if (each.event.kind === 'watermark') return [each.event.timestamp];
    return each.event.kind === 'end-of-input' ? ['end'] : [];
  });
}

describe('A keyed asynchronous function', () => {
  it('asks when its state knows nothing, and lets other keys go on meanwhile', async () => {
    const { run, functions } = await begin();
    await run.offer(click(1, 'ann', 50), click(2, 'bob', 10), click(3, 'ann', 50), click(4, 'bob', 10));
    await run.advance(10);
    expect(order(run)).toEqual([
      'bob: click 1 is 2, profile of bob by 2',
      'bob: click 2 is 4, profile of bob by 2',
    ]);
    await run.advance(40);
    expect(order(run).slice(2)).toEqual([
      'ann: click 1 is 1, profile of ann by 1',
      'ann: click 2 is 3, profile of ann by 1',
    ]);
    // The second click of each found what the first had put into the state.
    expect(functions[0]!.calls).toEqual(['1#1', '2#1']);
  });

  it('lets a watermark take effect after the elements before it, and before no other', async () => {
    const { run } = await begin();
    await run.offer(
      { kind: 'record', value: { id: 1, user: 'bob', takesMs: [0], timer: 4 }, timestamp: 1 },
      click(2, 'ann', 50),
      watermark(10),
      click(11, 'bob', 0),
    );
    await run.advance(100);
    expect(order(run)).toEqual([
      'bob: click 1 is 1, profile of bob by 1',
      'bob: click 2 is 11, profile of bob by 1',
      'ann: click 1 is 2, profile of ann by 2',
      'bob: timer 5',
      10,
    ]);
  });

  it('takes no more elements than its capacity, those that wait for their key included', async () => {
    const { run, functions } = await begin({ options: { capacity: 2 } });
    await run.offer(click(1, 'ann', 50), click(2, 'ann', 50), click(3, 'bob', 10));
    await run.advance(40);
    expect(functions[0]!.calls).toEqual(['1#1']);
    await run.advance(100);
    expect(order(run)).toHaveLength(3);
  });

  it('retries, and gives up when the time is over', async () => {
    const retry = AsyncRetryStrategies.fixedDelay<string>({ maxAttempts: 5, delay: 10 });
    const { run, functions } = await begin({ options: { retry, timeout: 100 } });
    await run.offer(click(1, 'ann', -5, -5, 5));
    await run.advance(50);
    expect(order(run)).toEqual(['ann: click 1 is 1, profile of ann by 1']);
    expect(functions[0]!.calls).toEqual(['1#1', '1#2', '1#3']);
    await run.offer(click(2, 'bob', 5_000));
    await run.advance(100);
    expect(run.failures).toMatchObject([
      { message: expect.stringContaining('operator "enrich" (subtask 0) gave no result within 100 ms') },
    ]);
  });

  it('processes an element with what timeout() answers', async () => {
    class Lenient extends Enrich {
      override timeout = ({ user }: DeepReadonly<Click>): string => `nothing of ${user}`;
    }
    const { run } = await begin({ options: { timeout: 20 }, enrich: (clock) => new Lenient(clock) });
    await run.offer(click(1, 'ann', 1_000), click(2, 'ann', 1_000));
    await run.advance(50);
    expect(order(run)).toEqual(['ann: click 1 is 1, nothing of ann', 'ann: click 2 is 2, nothing of ann']);
  });

  it('has no state at hand once it has awaited: another key may be the current one', async () => {
    class Forgetful extends Enrich {
      private late!: ValueState<string>;
      override open(context: KeyedAsyncRuntimeContext): void {
        super.open(context);
        this.late = context.getState<string>({ name: 'profile' });
      }
      override async asyncInvoke(): Promise<string> {
        await Promise.resolve();
        this.late.update('of whom?');
        return '';
      }
    }
    const { run } = await begin({ enrich: (clock) => new Forgetful(clock) });
    await run.offer(click(1, 'ann', 0));
    expect(run.failures).toMatchObject([
      {
        message: expect.stringContaining('A value state of operator "enrich" was used outside of the call'),
      },
    ]);
  });
});

const users = ['ann', 'bob', 'cid'];
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('click' as const),
        user: fc.constantFrom(...users),
        takes: fc.array(fc.integer({ min: -40, max: 60 }), { minLength: 1, maxLength: 2 }),
        forgets: fc.boolean(),
        timer: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('watermark' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 50 }) }),
    },
  ),
  { minLength: 1, maxLength: 24 },
);
type GivenStep = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

/** What each user's clicks come to, one after the other. A click's number is its place among the steps. */
function expectedOf(given: readonly GivenStep[], user: string): string[] {
  const texts: string[] = [];
  let profile: string | undefined;
  let clicks = 0;
  given.forEach((step, id) => {
    if (step.kind !== 'click' || step.user !== user) return;
    clicks += 1;
    profile ??= `profile of ${user} by ${id}`;
    texts.push(`${user}: click ${clicks} is ${id}, ${profile}`);
    if (step.forgets) profile = undefined;
  });
  return texts;
}

describe('For any delays, failures, capacity and crash, a keyed asynchronous function', () => {
  it('loses and doubles nothing, keeps each key’s order and state, and no watermark overtakes an element or a timer', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom<OutputSize>('one-slot', 'unbounded'),
        crashPoints,
        async (given, capacity, outputSize, crash) => {
          const retry = AsyncRetryStrategies.fixedDelay<string>({ maxAttempts: 3, delay: 7 });
          const { run, functions } = await begin({
            options: { capacity, retry, timeout: '1h' },
            outputSize,
          });
          await run.takeWithCrash(given, crash, async (step, id) => {
            if (step.kind === 'time') await run.advance(step.ms);
            else if (step.kind === 'watermark') await run.offer(watermark(id));
            else {
              const { user, takes, forgets, timer } = step;
              const value = {
                id,
                user,
                takesMs: [...takes, 3],
                forgets,
                ...(timer === undefined ? {} : { timer }),
              };
              await run.offer({ kind: 'record', value, timestamp: id });
            }
          });
          await run.offer(watermark(1_000));
          run.endInput();
          await run.advance(10_000);

          const words = order(run);
          expect(run.failures).toEqual([]);
          expect(words.at(-1)).toBe('end');
          for (const user of users) {
            const ofUser = words.filter((word) => String(word).startsWith(`${user}: click`));
            expect(ofUser).toEqual(expectedOf(given, user));
          }
          for (const { atOnceMax } of functions) expect(atOnceMax).toBeLessThanOrEqual(capacity);
          const timers = given.flatMap((step, id) =>
            step.kind === 'click' && step.timer !== undefined
              ? [`${step.user}: timer ${id + step.timer}`]
              : [],
          );
          const fired = words.filter((word) => String(word).includes('timer'));
          expect([...fired].sort()).toEqual([...new Set(timers)].sort());
          words.forEach((word, at) => {
            if (typeof word !== 'number') return;
            for (const later of words.slice(at + 1).map(String)) {
              const id = Number(/(?:is|timer) (\d+)/.exec(later)?.[1] ?? Number.POSITIVE_INFINITY);
              expect(id, `${later} behind watermark ${word}`).toBeGreaterThan(word);
            }
          });
        },
      ),
      { numRuns: 200 },
    );
  });
});
