import { describe, expect, it } from 'vitest';
import {
  type Collector,
  defineJob,
  discardSink,
  type FunctionContext,
  json,
  kafkaSink,
  kafkaSource,
  type ProcessContext,
  ProcessFunction,
  Watermarks,
} from '../../src/index.js';
import { openJobHarness } from '../../src/testing.js';

interface Order {
  readonly id: number;
  readonly atMs: number;
}

const job = defineJob('orders', (env) => {
  env
    .fromSource(kafkaSource({ topics: 'orders', value: json<Order>() }), {
      uid: 'orders',
      watermarks: Watermarks.monotonous((order) => order.atMs),
    })
    .keyBy((order) => order.id % 3)
    .reduce((a, b) => ({ id: a.id + b.id, atMs: b.atMs }), { uid: 'sum' })
    .sinkTo(
      kafkaSink<Order>({
        topic: 'sums',
        value: json(),
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: 'sums',
      }),
      { uid: 'sums' },
    );
});

class SubtaskOf extends ProcessFunction<number, number> {
  private parallelism = 0;

  override open(context: FunctionContext): void {
    this.parallelism = context.parallelism;
  }

  override processElement(_n: number, _context: ProcessContext, out: Collector<number>): void {
    out.collect(this.parallelism);
  }
}

describe('the harness of a job', () => {
  it('runs a job with Kafka at both ends without a broker, by its own watermark strategy', async () => {
    const harness = await openJobHarness(job, { parallelism: 2, restoreAfterEachStep: true });
    const orders = harness.input<Order>('orders');
    await orders.processElements([1, 2, 4].map((id) => ({ id, atMs: id * 1_000 })));
    expect(harness.output<Order>('sums').elements).toEqual([
      { value: { id: 1, atMs: 1_000 }, timestamp: 1_000 },
      { value: { id: 2, atMs: 2_000 }, timestamp: 2_000 },
      { value: { id: 5, atMs: 4_000 }, timestamp: 4_000 },
    ]);
    await harness.close();
  });

  it('has as many subtasks as the job says, unless the test says otherwise', async () => {
    const counting = defineJob('subtasks', { parallelism: 3 }, (env) => {
      env
        .fromSequence(1, 2, { uid: 'numbers' })
        .rebalance()
        .process(new SubtaskOf(), { uid: 'subtask' })
        .sinkTo(discardSink(), { uid: 'out' });
    });
    for (const [options, parallelism] of [
      [{}, 3],
      [{ parallelism: 2 }, 2],
    ] as const) {
      const harness = await openJobHarness(counting, options);
      await harness.input<number>('numbers').processElement(1);
      expect(harness.output('out').values).toEqual([parallelism]);
      await harness.close();
    }
  });

  it('names the uids that there are, for one that there is not', async () => {
    const harness = await openJobHarness(job);
    expect(() => harness.output('sum')).toThrow('no sink with the uid "sum"; it has "sums"');
    await expect(harness.input('sums').processElement(1)).rejects.toThrow('it has "orders"');
  });
});
