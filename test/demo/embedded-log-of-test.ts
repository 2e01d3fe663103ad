import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '../../src/log/embedded/embedded-log.js';
import { openEmbeddedLogClient } from '../../src/log/embedded/embedded-log-client.js';
import type { LogClient } from '../../src/log/log-port.js';

export interface LogOfTest {
  readonly client: LogClient;
  close(): Promise<void>;
}

/** A real embedded log in a folder of its own. */
export async function startLogOfTest(): Promise<LogOfTest> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  const log = await EmbeddedLog.start({ path });
  const client = await openEmbeddedLogClient({ ownerPort: log.connect() });
  return {
    client,
    close: async () => {
      await client.close();
      await log.close();
      await rm(path, { recursive: true });
    },
  };
}

export async function appendAll(
  client: LogClient,
  topic: string,
  records: readonly {
    readonly key: string;
    readonly value: string;
    readonly partition: number | undefined;
  }[],
): Promise<void> {
  const appender = client.openAppender({
    bufferBytes: 1 << 30,
    onWritable: () => undefined,
    onError: () => undefined,
  });
  for (const { key, value, partition } of records) {
    const timestamp = Date.now();
    appender.append({ topic, partition, key: Buffer.from(key), value: Buffer.from(value), timestamp });
  }
  await appender.flush();
  await appender.close();
}
