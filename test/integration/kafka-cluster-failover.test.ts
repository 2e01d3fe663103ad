import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerProcess } from '../kafka-broker/broker-process.js';
import { kafkaAvailable } from '../kafka-broker/kafka-broker.js';
import { type KafkaCluster, startKafkaCluster } from '../kafka-broker/kafka-cluster.js';
import { sleep } from '../log/collecting-reader.js';
import type { KafkaApiName } from './kafka-frames.js';
import { KafkaProxy } from './kafka-proxy.js';
import type { MillraceProcess } from './millrace-process.js';
import { feedPartitions, TallyFeed } from './tally-feed.js';

/** The feed lasts longer than the failures take, on a busy machine too. */
const fed = 90_000;
const fedPerSecond = 1_000;
const clusterStartTimeoutMs = 180_000;

describe.skipIf(!kafkaAvailable() || process.env.KAFKA_BROKERS !== undefined)(
  'a job on a cluster of three brokers',
  () => {
    let cluster: KafkaCluster;
    const proxies: KafkaProxy[] = [];

    beforeAll(async () => {
      for (let node = 0; node < 3; node++) proxies.push(await KafkaProxy.listen());
      cluster = await startKafkaCluster({ proxyPorts: proxies.map(({ port }) => port) });
      cluster.nodes.forEach((node, i) => {
        proxies[i]?.forwardTo(node.proxiedAddress);
      });
    }, clusterStartTimeoutMs);
    afterAll(async () => {
      for (const proxy of proxies) await proxy.close();
      await cluster?.stop();
    });

    it('loses and doubles nothing, nor restarts, when leaders and coordinators are killed and leaders move', {
      timeout: 240_000,
    }, async () => {
      const feed = await TallyFeed.create(cluster, { name: 'failover', fed, perSecond: fedPerSecond });
      const written = feed.write();
      // The first one named is nobody's.
      const run = feed.run(['127.0.0.1:1', ...proxies.map(({ address }) => address)]);
      await run.untilLine(/First record processed/);

      const leader = await killWhenAnswering('Produce', run);
      await rest();
      await leader.start();
      const coordinator = await killWhenAnswering('EndTxn', run);
      await rest();
      await coordinator.start();
      await moveLeaders([feed.input, feed.output]);
      feed.hurry();
      await written;

      await run.endsWith(0);
      expect(run.matches(/Attempt \d+ begins/), run.log.join('\n')).toHaveLength(1);
      await feed.expectExactOutput();
      await feed.expectNoOpenTransaction();
    });

    /**
     * Kills the broker that has just done what a transaction asked of it, and loses its answer: the job can't
     * know whether it was done.
     */
    async function killWhenAnswering(api: KafkaApiName, run: MillraceProcess): Promise<BrokerProcess> {
      const killed = new Promise<BrokerProcess>((resolve) => {
        let isKilled = false;
        proxies.forEach((proxy, i) => {
          const node = cluster.nodes[i] as BrokerProcess;
          proxy.onPassing = ({ part, request }) => {
            if (isKilled || part !== 'answer' || request.api !== api || request.transactionalId === null)
              return 'forward';
            isKilled = true;
            void node.kill().then(() => resolve(node));
            return 'swallow';
          };
        });
      });
      const node = await Promise.race([
        killed,
        run.end().then(() => {
          throw new Error(`The job ended before any ${api}:\n${run.log.join('\n')}`);
        }),
      ]);
      console.log(`Killed broker ${node.nodeId} as it answered ${api}.`);
      return node;
    }

    /** Every partition's preferred leader becomes another one, and soon its leader. */
    async function moveLeaders(topics: readonly string[]): Promise<void> {
      const admin = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      const nodeIds = cluster.nodes.map(({ nodeId }) => nodeId);
      const rotated = (by: number): number[] => nodeIds.map((_, i) => nodeIds[(i + by) % 3] as number);
      const before = await leadersOf(topics[0] as string);
      for (let round = 1; round <= 2; round++) {
        const partitionAssignment = Array.from({ length: feedPartitions }, (_, partition) => ({
          partition,
          replicas: rotated(partition + round),
        }));
        await admin.alterPartitionReassignments({
          topics: topics.map((topic) => ({ topic, partitionAssignment })),
        });
        await rest();
      }
      const after = await leadersOf(topics[0] as string);
      console.log(`Leaders before ${before}, and after ${after}.`);
      expect(after).not.toEqual(before);
      await admin.disconnect();

      async function leadersOf(topic: string): Promise<number[]> {
        const { topics: found } = await admin.fetchTopicMetadata({ topics: [topic] });
        const partitions = [...(found[0]?.partitions ?? [])].sort((a, b) => a.partitionId - b.partitionId);
        return partitions.map((partition) => partition.leader);
      }
    }

    /** The cluster notices within three seconds, and leaders move back within two. */
    function rest(): Promise<void> {
      return sleep(5_000);
    }
  },
);
