import { describe, expect, it } from 'vitest';
import { defineJob, json, kafkaSink, kafkaSource, Watermarks } from '../../src/index.js';
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

  it('names the uids that there are, for one that there is not', async () => {
    const harness = await openJobHarness(job);
    expect(() => harness.output('sum')).toThrow('no sink with the uid "sum"; it has "sums"');
    await expect(harness.input('sums').processElement(1)).rejects.toThrow('it has "orders"');
  });
});
