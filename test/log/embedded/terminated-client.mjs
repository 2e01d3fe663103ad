import { workerData } from 'node:worker_threads';
import { openEmbeddedLogClient } from '#dist/log/embedded/embedded-log-client.js';

// A thread that reads the whole topic, again and again, and leaves transactions open, until it is terminated.
const { ownerPort, number } = workerData;
const client = openEmbeddedLogClient({ ownerPort });
const options = { onWritable() {}, onError() {}, bufferBytes: 1_000_000, transactionTimeoutMs: 60_000 };
for (;;) {
  const transaction = await client.transactions.begin(`never-prepared-${number}`, options);
  for (let i = 0; i < 100; i++) {
    transaction.append({ topic: 't', partition: 1, key: null, value: Buffer.alloc(1000, 'x'), timestamp: 0 });
  }
  await transaction.flush();
  const [end] = await client.resolveOffsets([{ topic: 't', partition: 0, spec: { kind: 'end' } }]);
  let wake = () => {};
  const reader = client.openReader({
    prefetchBytes: 4_000_000,
    onAvailable: () => wake(),
    onError: (error) => {
      throw error;
    },
  });
  reader.addPartition({ topic: 't', partition: 0 }, 0, end);
  for (let position = 0; position < end; ) {
    const batch = reader.poll();
    if (batch === undefined) {
      await new Promise((resolve) => {
        wake = resolve;
      });
      continue;
    }
    while (batch.next());
    position = batch.positionAfter;
    batch.release();
  }
  await reader.close();
}
