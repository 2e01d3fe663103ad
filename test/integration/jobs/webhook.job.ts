import { dataGenSource, defineJob, webhookSink } from 'millrace';

/** Sends 3,000 numbers to the test's endpoint, at some 2,000 a second. */
export default defineJob('webhook', (env) => {
  env
    .fromSource(dataGenSource({ generate: (id) => ({ id }), count: 3_000, ratePerSecond: 2_000 }), {
      uid: 'numbers',
    })
    .sinkTo(
      webhookSink<{ readonly id: number }>({
        url: process.env.TEST_URL ?? '',
        batchSize: 20,
        retryDelay: '5ms',
        idempotencyKey: ({ id }) => String(id),
      }),
      { uid: 'hook' },
    );
});
