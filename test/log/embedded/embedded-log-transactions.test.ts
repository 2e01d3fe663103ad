import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openEmbeddedLogClient } from '../../../src/log/embedded/embedded-log-client.js';
import { CollectingReader } from '../collecting-reader.js';
import { checkTransactionSteps, expectVisible, transactionSteps } from '../transactions-model.js';
import { newLogFolder, withLog } from './log-folder.js';

it('shows what was committed and nothing else, whatever two clients do with shared ids', {
  timeout: 120_000,
}, async () => {
  await withLog(newLogFolder(), async (client, log) => {
    let visibleCount = 0;
    await fc.assert(
      fc.asyncProperty(transactionSteps, async (steps) => {
        const topic = randomUUID();
        await client.createTopic(topic, 1);
        const clients = [log.connect(), log.connect()].map((ownerPort) =>
          openEmbeddedLogClient({ ownerPort }),
        );
        const committed = await checkTransactionSteps(steps, clients, topic);
        await Promise.all(clients.map((each) => each.close()));
        const reader = new CollectingReader(client, [{ topic, partition: 0, position: 0 }]);
        await reader.untilSeen(committed.flat().length);
        expectVisible(
          reader.seen.map((each) => each.value ?? ''),
          committed,
        );
        await reader.reader.close();
        visibleCount += committed.flat().length;
      }),
      { numRuns: 60 },
    );
    expect(visibleCount).toBeGreaterThan(10);
  });
});
