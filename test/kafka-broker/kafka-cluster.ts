import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerProcess } from './broker-process.js';
import { kafkaClassPath } from './kafka-distribution.js';
import { type KafkaTools, kafkaTools } from './kafka-tools.js';

/** Three brokers of a real Apache Kafka, a JVM each; every topic is on all three and wants two in sync. */
export interface KafkaCluster extends KafkaTools {
  /** To be killed and started again one at a time: with two gone nothing can be acknowledged. */
  readonly nodes: readonly BrokerProcess[];
  /** Ends all brokers and removes their data. */
  stop(): Promise<void>;
}

export async function startKafkaCluster(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-cluster-'));
  const nodes = await BrokerProcess.format(await kafkaClassPath(), folder, {
    nodes: 3,
    proxyPorts: options.proxyPorts ?? [],
    properties: { ...quickFailover, ...options.properties },
    // Three of them start in less time than it takes to compile them well.
    jvmOptions: ['-XX:TieredStopAtLevel=1'],
  });
  await Promise.all(nodes.map((node) => node.start()));
  return {
    ...kafkaTools(nodes.map((node) => node.address)),
    nodes,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface KafkaClusterOptions {
  /** Of the three nodes, in their order: a proxy for each. */
  readonly proxyPorts?: readonly number[];
  /** Lines for every `server.properties`, over the defaults. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** A dead broker's partitions have new leaders after some three seconds, and get their old ones back as soon. */
const quickFailover = {
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'leader.imbalance.check.interval.seconds': '2',
  'leader.imbalance.per.broker.percentage': '0',
};
