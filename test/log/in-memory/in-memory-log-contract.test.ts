import { nodeClock } from '../../../src/host/node-clock.js';
import { InMemoryLogClient } from '../../../src/log/in-memory/in-memory-log-client.js';
import { InMemoryLogCluster } from '../../../src/log/in-memory/in-memory-log-cluster.js';
import { RandomLogFaults } from '../../../src/log/in-memory/in-memory-log-faults.js';
import { SimulatedRandom } from '../../simulation/simulated-random.js';
import { describeLogContract } from '../log-contract.js';

describeLogContract('the in-memory log', async () => {
  const cluster = new InMemoryLogCluster({ clock: nodeClock, random: new SimulatedRandom(1) });
  return {
    openClient: async () => new InMemoryLogClient(cluster),
    close: async () => {},
  };
});

describeLogContract('the in-memory log over a network that loses every tenth message', async () => {
  const random = new SimulatedRandom(2);
  const faults = new RandomLogFaults(random, { requestLoss: 0.1, replyLoss: 0.1, delayMaxMs: 5 });
  const cluster = new InMemoryLogCluster({ clock: nodeClock, random, faults });
  return {
    openClient: async () => new InMemoryLogClient(cluster),
    close: async () => {},
  };
});
