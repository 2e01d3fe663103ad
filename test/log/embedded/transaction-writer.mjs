import { EmbeddedLog } from '#dist/log/embedded/embedded-log.js';
import { openEmbeddedLogClient } from '#dist/log/embedded/embedded-log-client.js';

// A process that writes transactions, one line on stdout for each step that it may rely on, until it is killed.
const [path, firstNumber] = process.argv.slice(2);
const log = await EmbeddedLog.start({ path });
const client = openEmbeddedLogClient({ ownerPort: log.connect() });
await client.createTopic('t', 2);
const options = { onWritable() {}, onError() {}, bufferBytes: 1_000_000, transactionTimeoutMs: 60_000 };

async function writeTransaction(number) {
  const transaction = await client.transactions.begin(`id-${number % 4}`, options);
  for (let i = 0; i < 10; i++) {
    const value = Buffer.from(`${number}:${i}`.padEnd(10 + ((number * 7919) % 3000)));
    transaction.append({ topic: 't', partition: i % 2, key: null, value, timestamp: 0 });
    if (i % 4 === 3) await transaction.flush();
  }
  return transaction.prepare();
}

let former = Promise.resolve();
for (let number = Number(firstNumber); ; number++) {
  const prepared = await writeTransaction(number);
  process.stdout.write(`${JSON.stringify({ kind: 'prepared', number, prepared })}\n`);
  // The commit overlaps the next transaction, as it does in a job.
  await former;
  former = client.transactions.commit(prepared).then(() => {
    process.stdout.write(`${JSON.stringify({ kind: 'committed', number })}\n`);
  });
}
