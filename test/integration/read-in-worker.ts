import { parentPort, workerData } from 'node:worker_threads';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';

/** Reads a topic's first records and closes its client; the thread must then end by itself. */
const { brokers, topic, count } = workerData as { brokers: string[]; topic: string; count: number };
const client = createKafkaLogClient({ brokers });
const values: string[] = [];
await new Promise<void>((resolve, reject) => {
  const reader = client.openReader({
    prefetchBytes: 1024 * 1024,
    onError: reject,
    onAvailable: () => {
      for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
        while (batch.next()) values.push(batch.bytes.toString('utf8', batch.valueStart, batch.valueEnd));
        batch.release();
      }
      if (values.length >= count) resolve();
    },
  });
  reader.addPartition({ topic, partition: 0 }, 0, undefined);
});
await client.close();
parentPort?.postMessage(values);
