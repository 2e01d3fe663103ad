import {
  AsyncFunction,
  type AsyncInvoke,
  type Collector,
  collectSink,
  type DeepReadonly,
  defineJob,
  type FunctionContext,
  type ProcessContext,
  ProcessFunction,
  sequenceSource,
} from 'millrace';
import { Pool } from 'undici';

/**
 * Asks about each of the numbers from 1 to N, and says at the end how many answers came and what they add up
 * to. What is asked is a timer of this thread, or a service over HTTP; both take 20 ms.
 */
const numbers = Number(process.env['MILLRACE_BENCH_NUMBERS'] ?? 100_000);
const capacity = Number(process.env['MILLRACE_BENCH_CAPACITY'] ?? 1_000);
const serviceUrl = process.env['MILLRACE_BENCH_SERVICE'];
const isOrdered = process.env['MILLRACE_BENCH_ORDER'] === 'ordered';

const askTimer: AsyncInvoke<number, number> = (number) =>
  new Promise((resolve) => {
    setTimeout(resolve, latencyMs, number);
  });

const latencyMs = 20;
const connectionsMax = 400;

/** A pool as large as 10,000 requests/s of 20 ms need, twice over: a thousand connections cost the client a third more CPU. */
class AskService extends AsyncFunction<number, number> {
  private pool!: Pool;

  override open(): void {
    this.pool = new Pool(serviceUrl ?? '', { connections: connectionsMax, pipelining: 1 });
  }

  override async asyncInvoke(number: DeepReadonly<number>): Promise<number> {
    const { body } = await this.pool.request({ path: `/${number}`, method: 'GET' });
    return ((await body.json()) as { readonly number: number }).number;
  }

  override close(): void {
    void this.pool.destroy();
  }
}

/** Of one subtask's share; each has as many. */
class AddUp extends ProcessFunction<number, { readonly count: number; readonly sum: number }> {
  private count = 0;
  private sum = 0;
  private expected = 0;

  override open({ parallelism }: FunctionContext): void {
    this.expected = numbers / parallelism;
  }

  override processElement(
    number: DeepReadonly<number>,
    _context: ProcessContext,
    out: Collector<{ readonly count: number; readonly sum: number }>,
  ): void {
    this.count += 1;
    this.sum += number;
    if (this.count === this.expected) out.collect({ count: this.count, sum: this.sum });
  }
}

export default defineJob('async-io', (env) => {
  const source = env.fromSource(sequenceSource(1, numbers), { uid: 'numbers' });
  const fn = serviceUrl === undefined ? askTimer : new AskService();
  const options = { timeout: '10s', capacity, uid: 'ask' } as const;
  const answers = isOrdered ? source.orderedWait(fn, options) : source.unorderedWait(fn, options);
  answers.process(new AddUp(), { uid: 'add-up' }).sinkTo(collectSink(), { uid: 'sums' });
});
