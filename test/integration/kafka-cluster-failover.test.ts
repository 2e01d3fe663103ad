import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrokerProcess } from '../kafka-broker/broker-process.js';
import { kafkaAvailable } from '../kafka-broker/kafka-broker.js';
import { type KafkaCluster, startKafkaCluster } from '../kafka-broker/kafka-cluster.js';
import { sleep } from '../log/collecting-reader.js';
import type { KafkaApiName } from './kafka-frames.js';
import { KafkaProxy } from './kafka-proxy.js';
import type { MillraceProcess } from './millrace-process.js';
import { feedPartitions, requestTimeoutMs, TallyFeed } from './tally-feed.js';

/** The feed lasts longer than the failures take, on a busy machine too. */
const fed = 90_000;
const fedPerSecond = 500;
/** Longer than the job waits for an answer, so that it gives the connection up. */
const stoppedMs = requestTimeoutMs + 2_000;
const clusterStartTimeoutMs = 180_000;
/** Of 100 ms each: leaders move within two seconds, or something has come between. */
const waitsOfMove = 100;

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

    it('loses and doubles nothing, nor restarts, when leaders and coordinators are killed, or stopped, or move', {
      timeout: 300_000,
    }, async () => {
      const feed = await TallyFeed.create(cluster, { name: 'failover', fed, perSecond: fedPerSecond });
      const written = feed.write();
      // The first one named is nobody's.
      const run = feed.run(['127.0.0.1:1', ...proxies.map(({ address }) => address)]);
      await run.untilLine(/First record processed/);

      const leader = await whenAnswering('Produce', run, (node) => node.kill());
      await rest();
      await leader.start();
      const coordinator = await whenAnswering('EndTxn', run, (node) => node.kill());
      await rest();
      await coordinator.start();
      // It comes back believing that it still leads.
      const stopped = await whenAnswering('Produce', run, (node) => node.signal('SIGSTOP'));
      await sleep(stoppedMs);
      stopped.signal('SIGCONT');
      await moveLeaders([feed.input, feed.output]);
      feed.hurry();
      await written;

      await run.endsWith(0);
      expect(run.matches(/Attempt \d+ begins/), run.log.join('\n')).toHaveLength(1);
      await feed.expectExactOutput();
      await feed.expectNoOpenTransaction();
    });

    /**
     * Disturbs the broker that has just done what a transaction asked of it, and loses its answer: the job can't
     * know whether it was done.
     */
    async function whenAnswering(
      api: KafkaApiName,
      run: MillraceProcess,
      disturb: (node: BrokerProcess) => void | Promise<void>,
    ): Promise<BrokerProcess> {
      const disturbed = new Promise<BrokerProcess>((resolve, reject) => {
        let isDone = false;
        proxies.forEach((proxy, i) => {
          const node = cluster.nodes[i] as BrokerProcess;
          proxy.onPassing = ({ part, request }) => {
            if (isDone || part !== 'answer' || request.api !== api || request.transactionalId === null)
              return 'forward';
            isDone = true;
            Promise.resolve(disturb(node)).then(() => resolve(node), reject);
            return 'swallow';
          };
        });
      });
      const ended = run.end().then(() => {
        throw new Error(`The job ended before any ${api}:\n${run.log.join('\n')}`);
      });
      const node = await Promise.race([disturbed, ended]);
      console.log(`Broker ${node.nodeId} was disturbed as it answered ${api}.`);
      return node;
    }

    /** Every partition's preferred leader becomes another one, and soon its leader; and once more. */
    async function moveLeaders(topics: readonly string[]): Promise<void> {
      const admin = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      const nodeIds = cluster.nodes.map(({ nodeId }) => nodeId);
      for (const round of [0, 1]) {
        const partitionAssignment = Array.from({ length: feedPartitions }, (_, partition) => ({
          partition,
          replicas: nodeIds.map((_, i) => nodeIds[(partition + round + i) % 3] as number),
        }));
        const preferred = partitionAssignment.map(({ replicas }) => replicas[0]);
        const areMoved = async (): Promise<boolean> => {
          const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
          return found.every(({ partitions }) =>
            partitions.every(({ partitionId, leader }) => leader === preferred[partitionId]),
          );
        };
        // Asked again, since the controller may just be another one than it was when it was stopped.
        for (let waits = 0; !(await areMoved()); waits++) {
          if (waits % waitsOfMove === 0) {
            await admin.alterPartitionReassignments({
              topics: topics.map((topic) => ({ topic, partitionAssignment })),
            });
          }
          await sleep(100);
        }
        console.log(`The leaders are ${preferred.join(', ')}.`);
      }
      await admin.disconnect();
    }

    /** The cluster notices within three seconds, and leaders move back within two. */
    function rest(): Promise<void> {
      return sleep(5_000);
    }
  },
);
