import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AsyncFunction, type AsyncOptions } from '../../src/api/async-function.js';
import { AsyncRetryStrategies } from '../../src/api/async-retry-strategies.js';
import type { DeepReadonly } from '../../src/api/deep-readonly.js';
import type { Clock } from '../../src/host/clock.js';
import { MillraceError } from '../../src/protocol/failures.js';
import type { Arrival } from '../../src/testing/pushed-input.js';
import { crashPoints } from '../operators/crash-point.js';
import type { OutputSize } from '../operators/one-slot-edge.js';
import { observe } from '../operators/operator-subtask.js';
import { AsyncRun } from './async-run.js';

/** Takes this long at each attempt; a negative time is one after which it fails. */
interface Job {
  readonly id: number;
  readonly takesMs: readonly number[];
}

const job = (id: number, ...takesMs: number[]): Arrival<Job> => ({
  kind: 'record',
  value: { id, takesMs },
  timestamp: id,
});
const watermark = (timestamp: number): Arrival<Job> => ({ kind: 'watermark', timestamp });

type Mode = 'orderedWait' | 'unorderedWait';

/** Does its jobs in virtual time and notes how many it did at once. */
class Worker extends AsyncFunction<Job, number> {
  atOnceMax = 0;
  readonly calls: string[] = [];
  readonly aborted: number[] = [];
  private atOnce = 0;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    super();
    this.clock = clock;
  }

  asyncInvoke(
    { id, takesMs }: DeepReadonly<Job>,
    { attempt, signal }: { attempt: number; signal: AbortSignal },
  ): Promise<number> {
    this.calls.push(`${id}#${attempt}`);
    this.atOnce += 1;
    this.atOnceMax = Math.max(this.atOnceMax, this.atOnce);
    signal.addEventListener('abort', () => this.aborted.push(id));
    const takes = takesMs[Math.min(attempt, takesMs.length) - 1]!;
    return new Promise((resolve, reject) => {
      this.clock.setTimer(Math.abs(takes), () => {
        this.atOnce -= 1;
        if (takes < 0) reject(new RangeError(`no ${id}`));
        else resolve(id);
      });
    });
  }
}

interface Setup {
  readonly mode: Mode;
  readonly options?: Partial<AsyncOptions<number>>;
  readonly outputSize?: OutputSize;
  readonly worker?: (clock: Clock) => Worker;
}

interface Running {
  readonly run: AsyncRun<Job>;
  readonly workers: readonly Worker[];
}

async function begin({ mode, options = {}, outputSize, worker }: Setup): Promise<Running> {
  const workers: Worker[] = [];
  const run = new AsyncRun<Job>((input, clock) => {
    const made = worker?.(clock) ?? new Worker(clock);
    workers.push(made);
    // The flatMap behind it is suspended whenever the output is full.
    observe(input[mode](made, { timeout: '10s', uid: 'work', ...options }).flatMap((id) => [id]));
  }, outputSize);
  await run.begin();
  return { run, workers };
}

/** Records by value, watermarks as `w<timestamp>`. */
function order(run: AsyncRun<Job>): unknown[] {
  return run.emitted.flatMap((each) => {
    if (each.kind === 'record') return [each.value];
    if (each.kind !== 'event') return [];
    if (each.event.kind === 'watermark') return [`w${each.event.timestamp}`];
    if (each.event.kind === 'watermark-status') return [each.event.idle ? 'idle' : 'active'];
    return each.event.kind === 'end-of-input' ? ['end'] : [];
  });
}

describe('Async I/O', () => {
  it('emits in the order of the elements, or as results come between two watermarks', async () => {
    const arrivals = [job(1, 50), job(2, 10), watermark(2), job(3, 5), job(4, 1)];
    for (const [mode, expected] of [
      ['orderedWait', [1, 2, 'w2', 3, 4, 'end']],
      ['unorderedWait', [2, 1, 'w2', 4, 3, 'end']],
    ] as const) {
      const { run } = await begin({ mode });
      await run.offer(...arrivals);
      run.endInput();
      await run.advance(100);
      expect(order(run)).toEqual(expected);
    }
  });

  it('keeps each element’s timestamp', async () => {
    const { run } = await begin({ mode: 'unorderedWait' });
    await run.offer(job(7, 20), job(8, 10));
    await run.advance(50);
    expect(run.emitted).toMatchObject([
      { value: 8, timestamp: 8 },
      { value: 7, timestamp: 7 },
    ]);
  });

  it.each(['orderedWait', 'unorderedWait'] as const)(
    '%s tells no idleness ahead of a result',
    async (mode) => {
      const { run } = await begin({ mode });
      await run.offer(job(1, 30), { kind: 'watermark-status', idle: true });
      expect(order(run)).toEqual([]);
      await run.advance(30);
      expect(order(run)).toEqual([1, 'idle']);
    },
  );

  it.each(['orderedWait', 'unorderedWait'] as const)(
    '%s is not idle after a restore unless upstream says so again',
    async (mode) => {
      const { run } = await begin({ mode });
      await run.offer(job(1, 30), watermark(1), { kind: 'watermark-status', idle: true });
      const checkpoint = await run.checkpoint(1);
      await run.crashAndRestore(checkpoint);
      await run.offer(job(2, 10), watermark(2));
      await run.advance(100);
      expect(order(run)).toEqual([1, 'w1', 2, 'w2']);
    },
  );

  it.each(['orderedWait', 'unorderedWait'] as const)('%s takes no more than its capacity', async (mode) => {
    const { run, workers } = await begin({ mode, options: { capacity: 3 } });
    await run.offer(...[1, 2, 3, 4, 5, 6, 7].map((id) => job(id, 10)));
    expect(workers[0]!.calls).toHaveLength(3);
    await run.advance(100);
    expect([...run.records].sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(workers[0]!.atOnceMax).toBe(3);
  });

  it('counts results that wait for those before them: a slow one does not let the others pile up', async () => {
    const { run, workers } = await begin({ mode: 'orderedWait', options: { capacity: 3 } });
    await run.offer(job(1, 1_000), ...[2, 3, 4, 5].map((id) => job(id, 10)));
    await run.advance(500);
    expect(workers[0]!.calls).toEqual(['1#1', '2#1', '3#1']);
    await run.advance(1_000);
    expect(run.records).toEqual([1, 2, 3, 4, 5]);
  });

  it('asks again, after the delays of the retry strategy, as often as it allows', async () => {
    const retry = AsyncRetryStrategies.exponentialBackoff<number>({
      maxAttempts: 3,
      initialDelay: 100,
      maxDelay: 300,
    });
    const { run, workers } = await begin({ mode: 'orderedWait', options: { retry } });
    await run.offer(job(1, -1, -1, -1, 1));
    for (const [ms, calls] of [
      [100, 1],
      [1, 2],
      [201, 3],
      [301, 4],
    ] as const) {
      await run.advance(ms);
      expect(workers[0]!.calls).toHaveLength(calls);
    }
    await run.advance(10);
    expect(run.records).toEqual([1]);

    await run.offer(job(2, -1));
    await run.advance(1_000);
    expect(workers[0]!.calls.slice(4)).toEqual(['2#1', '2#2', '2#3', '2#4']);
    expect(run.failures).toMatchObject([{ cause: new RangeError('no 2') }]);
  });

  it('retries only the errors and results that are asked for', async () => {
    const retry = AsyncRetryStrategies.fixedDelay<number>({
      maxAttempts: 2,
      delay: 10,
      ifResult: (result) => result === 1,
      ifException: (error) => !(error instanceof RangeError),
    });
    const { run, workers } = await begin({ mode: 'orderedWait', options: { retry } });
    await run.offer(job(1, 1));
    await run.advance(100);
    expect(workers[0]!.calls).toEqual(['1#1', '1#2', '1#3']);
    // The last result stands.
    expect(run.records).toEqual([1]);
    await run.offer(job(2, -1));
    await run.advance(100);
    expect(workers[0]!.calls.slice(3)).toEqual(['2#1']);
    expect(run.failures).toHaveLength(1);
  });

  it('names operator, subtask and cause of an error', async () => {
    const { run } = await begin({ mode: 'orderedWait' });
    await run.offer(job(3, -5));
    await run.advance(10);
    const [failure] = run.failures;
    expect(failure).toBeInstanceOf(MillraceError);
    expect(failure).toMatchObject({
      message: 'asyncInvoke() (element of 1970-01-01T00:00:00.003Z) of operator "work" (subtask 0) threw.',
      domain: 'user-code',
      action: 'restart',
      cause: new RangeError('no 3'),
    });
  });

  it('fails when the time-out passes, its retries included, and aborts the request', async () => {
    const retry = AsyncRetryStrategies.fixedDelay<number>({ maxAttempts: 9, delay: 300 });
    const { run, workers } = await begin({ mode: 'orderedWait', options: { timeout: '1s', retry } });
    await run.offer(job(1, -1, -1, 5_000));
    await run.advance(999);
    expect(run.failures).toEqual([]);
    await run.advance(2);
    expect(workers[0]!.aborted).toEqual([1, 1, 1]);
    expect(run.failures).toMatchObject([
      {
        message: expect.stringMatching(
          /^asyncInvoke\(\) \(element of .*, attempt 3\) of operator "work" \(subtask 0\) gave no result within 1000 ms/,
        ),
        domain: 'outside-system',
        cause: new RangeError('no 1'),
      },
    ]);
  });

  it('ends an attempt that takes too long, aborts it, and makes another', async () => {
    const retry = AsyncRetryStrategies.fixedDelay<number>({ maxAttempts: 1, delay: 10 });
    const options = { timeout: '10s', attemptTimeout: 100, retry } as const;
    const { run, workers } = await begin({ mode: 'unorderedWait', options });
    await run.offer(job(1, 500, 50), job(2, 20));
    await run.advance(105);
    expect(workers[0]!.calls).toEqual(['1#1', '2#1']);
    expect(workers[0]!.aborted).toEqual([1]);
    await run.advance(8);
    expect(workers[0]!.calls.at(-1)).toBe('1#2');
    // The first attempt's answer comes, too, and is nobody's.
    await run.advance(1_000);
    expect(run.records).toEqual([2, 1]);

    await run.offer(job(3, -5, 500));
    await run.advance(1_000);
    expect(workers[0]!.calls.slice(3)).toEqual(['3#1', '3#2']);
    expect(run.failures).toMatchObject([
      {
        message: expect.stringMatching(
          /attempt 2\) of operator "work" \(subtask 0\) gave no result within the attemptTimeout of 100 ms/,
        ),
      },
    ]);
  });

  it('takes what timeout() gives, and ignores what comes after it', async () => {
    class Patient extends Worker {
      override timeout = ({ id }: DeepReadonly<Job>): number => -id;
    }
    const { run } = await begin({
      mode: 'orderedWait',
      options: { timeout: 100 },
      worker: (clock) => new Patient(clock),
    });
    await run.offer(job(1, 500), job(2, 50), job(3, -200));
    await run.advance(1_000);
    expect(run.records).toEqual([-1, 2, -3]);
    expect(run.failures).toEqual([]);
  });

  it('waits for what is under way before the end of the input goes on', async () => {
    const { run } = await begin({ mode: 'unorderedWait' });
    await run.offer(job(1, 100));
    run.endInput();
    await run.advance(99);
    expect(order(run)).toEqual([]);
    await run.advance(1);
    expect(order(run)).toEqual([1, 'end']);
  });

  it('aborts what is under way when the job ends, and asks for nothing more', async () => {
    const retry = AsyncRetryStrategies.fixedDelay<number>({ maxAttempts: 3, delay: 10 });
    const { run, workers } = await begin({ mode: 'orderedWait', options: { retry } });
    await run.offer(job(1, 100), job(2, -1));
    await run.close();
    await run.advance(1_000);
    expect([...workers[0]!.aborted].sort()).toEqual([1, 2]);
    expect(workers[0]!.calls).toEqual(['1#1', '2#1']);
  });
});

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('job' as const),
        takes: fc.array(fc.integer({ min: -40, max: 60 }), { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('watermark' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 50 }) }),
    },
  ),
  { minLength: 1, maxLength: 30 },
);

describe('For any delays, failures, capacity and crash, async I/O', () => {
  it.each(['orderedWait', 'unorderedWait'] as const)(
    '%s loses and doubles nothing, keeps its order, exceeds no capacity, and no watermark overtakes a result',
    async (mode) => {
      await fc.assert(
        fc.asyncProperty(
          steps,
          fc.integer({ min: 1, max: 5 }),
          fc.constantFrom<OutputSize>('one-slot', 'unbounded'),
          crashPoints,
          async (given, capacity, outputSize, crash) => {
            const retry = AsyncRetryStrategies.fixedDelay<number>({ maxAttempts: 3, delay: 7 });
            const { run, workers } = await begin({
              mode,
              options: { capacity, retry, timeout: '1h' },
              outputSize,
            });
            // The number of a job or of a watermark is its place.
            await run.takeWithCrash(given, crash, async (step, index) => {
              // Every job succeeds in the end.
              if (step.kind === 'job') await run.offer(job(index, ...step.takes, 3));
              else if (step.kind === 'watermark') await run.offer(watermark(index));
              else await run.advance(step.ms);
            });
            run.endInput();
            await run.advance(10_000);

            const jobs = given.flatMap((step, index) => (step.kind === 'job' ? [index] : []));
            const ids = run.records as number[];
            expect([...ids].sort((a, b) => a - b)).toEqual(jobs);
            if (mode === 'orderedWait') expect(ids).toEqual(jobs);
            for (const worker of workers) expect(worker.atOnceMax).toBeLessThanOrEqual(capacity);
            const words = order(run);
            expect(words.at(-1)).toBe('end');
            const places = words
              .slice(0, -1)
              .map((word) => (typeof word === 'string' ? Number(word.slice(1)) : word));
            words.forEach((word, at) => {
              if (typeof word !== 'string' || word === 'end') return;
              const place = Number(word.slice(1));
              for (const id of ids) {
                const isBefore = words.indexOf(id) < at;
                expect(isBefore, `${id} and ${word} in ${places.join(' ')}`).toBe(id < place);
              }
            });
          },
        ),
        { numRuns: 150 },
      );
    },
  );
});
