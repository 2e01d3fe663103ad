import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';

/** Prepares a transaction of some records, tells its identity, and dies as `kill -9` lets it. */
const [brokers = '', topic = '', transactionalId = '', value = ''] = process.argv.slice(2);
const client = createKafkaLogClient({ brokers: brokers.split(',') });
const transaction = await client.transactions.begin(transactionalId, {
  onWritable: () => {},
  onError: (error) => {
    throw error;
  },
  bufferBytes: 1024 * 1024,
  transactionTimeoutMs: 60_000,
});
for (const partition of [0, 1]) {
  transaction.append({ topic, partition, key: null, value: Buffer.from(value), timestamp: Date.now() });
}
const prepared = await transaction.prepare();
process.stdout.write(JSON.stringify(prepared), () => process.kill(process.pid, 'SIGKILL'));
