import { defineJob, json, kafkaSink, kafkaSource } from 'millrace';

/** Copies one topic of JSON to another, up to where it ended at the first start. */
const input = process.env.TEST_INPUT ?? '';
const output = process.env.TEST_OUTPUT ?? '';

export default defineJob('copy', (env) => {
  const records = kafkaSource({
    topics: input,
    groupId: `copy-${input}`,
    startingOffsets: 'earliest',
    bounded: 'latest',
    value: json<{ readonly id: number }>(),
  });
  const copies = kafkaSink<{ readonly id: number }>({
    topic: output,
    deliveryGuarantee: 'at-least-once',
    key: ({ id }) => String(id),
    value: json(),
  });
  env.fromSource(records, { uid: 'records' }).sinkTo(copies, { uid: 'copies' });
});
