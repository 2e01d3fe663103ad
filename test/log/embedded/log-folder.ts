import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { EmbeddedLog } from '../../../src/log/embedded/embedded-log.js';
import { openEmbeddedLogClient } from '../../../src/log/embedded/embedded-log-client.js';
import type { AppenderOptions, LogClient, LogRecord } from '../../../src/log/log-port.js';
import type { PreparedTransaction, TransactionOptions } from '../../../src/log/log-transactions.js';

/** A folder for one test, removed at its end. */
export function newLogFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-embedded-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens the log, lets `use` work with a client of it, and closes both. */
export async function withLog<T>(
  path: string,
  use: (client: LogClient, log: EmbeddedLog) => Promise<T>,
): Promise<T> {
  const log = await EmbeddedLog.start({ path });
  try {
    const client = openEmbeddedLogClient({ ownerPort: log.connect() });
    try {
      return await use(client, log);
    } finally {
      await client.close();
    }
  } finally {
    await log.close();
  }
}

export const appenderOptions: AppenderOptions = {
  onWritable: () => {},
  onError: () => {},
  bufferBytes: 8_000_000,
};
export const transactionOptions: TransactionOptions = { ...appenderOptions, transactionTimeoutMs: 60_000 };

export function record(topic: string, value: string, partition = 0): LogRecord {
  return { topic, partition, key: null, value: Buffer.from(value), timestamp: 0 };
}

export async function append(client: LogClient, records: readonly LogRecord[]): Promise<void> {
  const appender = client.openAppender(appenderOptions);
  for (const each of records) appender.append(each);
  await appender.flush();
  await appender.close();
}

export async function prepare(
  client: LogClient,
  transactionalId: string,
  records: readonly LogRecord[],
  options = transactionOptions,
): Promise<PreparedTransaction> {
  const transaction = await client.transactions.begin(transactionalId, options);
  for (const each of records) transaction.append(each);
  const prepared = await transaction.prepare();
  if (prepared === undefined) throw new Error('The transaction was empty.');
  return prepared;
}
