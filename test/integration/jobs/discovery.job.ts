import { defineJob, json, kafkaSink, kafkaSource } from 'millrace';

/** Copies all topics that begin with a text, also partitions and topics that come while it runs. */
const input = process.env.TEST_INPUT ?? '';
const output = process.env.TEST_OUTPUT ?? '';

interface Numbered {
  readonly n: number;
}

export default defineJob('discovery', (env) => {
  const records = kafkaSource({
    topics: new RegExp(`^${input}`),
    // Partitions that come later are read from their beginning all the same.
    startingOffsets: 'latest',
    partitionDiscoveryInterval: '200ms',
    value: json<Numbered>(),
  });
  const copies = kafkaSink<Numbered>({
    topic: output,
    deliveryGuarantee: 'exactly-once',
    transactionalIdPrefix: `discovery-${input}`,
    value: json(),
  });
  env.fromSource(records, { uid: 'records' }).sinkTo(copies, { uid: 'copies' });
});
