import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { CollectingReader, sleep } from '../collecting-reader.js';
import { appenderOptions, newLogFolder, record, withLog } from './log-folder.js';

it('loses and tears nothing when 100 client threads are terminated while the owner writes', {
  timeout: 120_000,
}, async () => {
  const path = newLogFolder();
  let written = 0;
  await withLog(path, async (client, log) => {
    await client.createTopic('t', 2);
    let isDone = false;
    const writing = (async () => {
      const appender = client.openAppender(appenderOptions);
      while (!isDone) {
        for (let i = 0; i < 50; i++) appender.append(record('t', `${written++}`.padEnd(1_000)));
        await appender.flush();
        await sleep(2);
      }
    })();
    for (let number = 0; number < 100; number++) {
      const ownerPort = log.connect();
      const worker = new Worker(new URL('./terminated-client.mjs', import.meta.url), {
        workerData: { ownerPort, number },
        transferList: [ownerPort],
      });
      const failed = new Promise<never>((_, reject) => worker.once('error', reject));
      await Promise.race([new Promise((resolve) => worker.once('online', resolve)), failed]);
      await Promise.race([sleep(5 + Math.random() * 60), failed]);
      await worker.terminate();
    }
    isDone = true;
    await writing;
    const reader = new CollectingReader(client, [{ topic: 't', partition: 0, position: 0 }]);
    await reader.untilSeen(written);
    expect(reader.valuesOf(0).map(Number)).toEqual(Array.from({ length: written }, (_, i) => i));
  });
  await withLog(path, async (client) => {
    const ends = await client.resolveOffsets(
      [0, 1].map((partition) => ({ topic: 't', partition, spec: { kind: 'end' as const } })),
    );
    // What the terminated threads appended was never prepared.
    expect(ends).toEqual([written, 0]);
  });
});
