import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InMemoryLogClient } from '../../../src/log/in-memory/in-memory-log-client.js';
import { InMemoryLogCluster } from '../../../src/log/in-memory/in-memory-log-cluster.js';
import { RandomLogFaults } from '../../../src/log/in-memory/in-memory-log-faults.js';
import { SimulatedClock } from '../../simulation/simulated-clock.js';
import { SimulatedRandom } from '../../simulation/simulated-random.js';
import { checkTransactionSteps, expectVisible, transactionSteps } from '../transactions-model.js';

it('shows what was committed and nothing else, whatever two clients do over a bad network', {
  timeout: 120_000,
}, async () => {
  let visibleCount = 0;
  await fc.assert(
    fc.asyncProperty(transactionSteps, fc.integer(), async (steps, seed) => {
      const random = new SimulatedRandom(seed);
      const clock = new SimulatedClock(random.fork());
      const faults = new RandomLogFaults(random, { requestLoss: 0.1, replyLoss: 0.1, slowness: 0.1 });
      const cluster = new InMemoryLogCluster({ clock, random, faults });
      cluster.createTopic('t', 1);
      let committed: readonly (readonly string[])[] | undefined;
      let failure: unknown;
      const clients = [new InMemoryLogClient(cluster), new InMemoryLogClient(cluster)];
      checkTransactionSteps(steps, clients, 't').then(
        (values) => {
          committed = values;
        },
        (error: unknown) => {
          failure = error;
        },
      );
      await clock.runUntil(() => committed !== undefined || failure !== undefined, 1_000_000);
      if (failure !== undefined) throw failure;
      // Past every transaction's time-out, so that what was left open has ended.
      await clock.advance(700_000);
      expect(cluster.openTransactions()).toEqual([]);
      const seen = cluster.committedRecords('t').map((record) => record.value?.toString() ?? '');
      expectVisible(seen, committed ?? []);
      visibleCount += seen.length;
    }),
    { numRuns: 1_000 },
  );
  expect(visibleCount).toBeGreaterThan(10);
});
