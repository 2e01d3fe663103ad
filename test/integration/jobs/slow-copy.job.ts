import { defineJob, json, kafkaSink, kafkaSource } from 'millrace';

/** Copies numbers, exactly once, at no more than a thousand a second and thread. */
const input = process.env.TEST_INPUT ?? '';
const recordMs = 1;

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

export default defineJob('slow-copy', (env) => {
  env
    .fromSource(kafkaSource({ topics: input, groupId: `copy-${input}`, value: json<number>() }), {
      uid: 'numbers',
    })
    .map(
      (value) => {
        sleep(recordMs);
        return value;
      },
      { uid: 'slowly' },
    )
    .sinkTo(
      kafkaSink<number>({
        topic: process.env.TEST_OUTPUT ?? '',
        value: json(),
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: `copy-${input}`,
      }),
      { uid: 'copies' },
    );
});
