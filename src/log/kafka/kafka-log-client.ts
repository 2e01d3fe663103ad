import { nodeClock } from '../../host/node-clock.js';
import { nodeRandom } from '../../host/node-random.js';
import type {
  AppenderOptions,
  Isolation,
  LogAppender,
  LogClient,
  LogReader,
  OffsetRequest,
  ReaderOptions,
  TopicDescription,
  TopicPartitionOffset,
} from '../log-port.js';
import type { LogTransactions } from '../log-transactions.js';
import { KafkaCluster, type KafkaHost } from './kafka-cluster.js';
import { type KafkaConfig, resolveKafkaConfig } from './kafka-config.js';
import { commitOffsets, resolveOffsets } from './offset-lookup.js';
import { EncoderPool } from './producer/encoder-pool.js';
import { KafkaAppender } from './producer/kafka-appender.js';
import { KafkaTransactions } from './producer/kafka-transactions.js';
import { KafkaReader } from './reader/kafka-reader.js';
import { createTopic, describeTopics, listTopics } from './topic-administration.js';

/**
 * Apache Kafka as the log. Connects when it is first used; each thread has a client of its own.
 * @throws LogError `invalid-configuration`
 */
export function createKafkaLogClient(config: KafkaConfig, host: KafkaHost = nodeHost): LogClient {
  return new KafkaLogClient(new KafkaCluster(resolveKafkaConfig(config), host));
}

const nodeHost: KafkaHost = { clock: nodeClock, random: nodeRandom };

class KafkaLogClient implements LogClient {
  readonly transactions: LogTransactions;
  private readonly cluster: KafkaCluster;
  private readonly encoders = new EncoderPool();
  private readonly open = new Set<LogReader | LogAppender>();

  constructor(cluster: KafkaCluster) {
    this.cluster = cluster;
    this.transactions = new KafkaTransactions(cluster, this.encoders, this.open);
  }

  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]> {
    return describeTopics(this.cluster, topics);
  }

  listTopics(): Promise<readonly string[]> {
    return listTopics(this.cluster);
  }

  createTopic(topic: string, partitions: number): Promise<void> {
    return createTopic(this.cluster, topic, partitions);
  }

  resolveOffsets(
    requests: readonly OffsetRequest[],
    isolation: Isolation = 'read_committed',
  ): Promise<readonly number[]> {
    return resolveOffsets(this.cluster, requests, isolation);
  }

  openReader(options: ReaderOptions): LogReader {
    const reader = new KafkaReader(this.cluster, options, () => this.open.delete(reader));
    this.open.add(reader);
    return reader;
  }

  openAppender(options: AppenderOptions): LogAppender {
    const appender = new KafkaAppender(this.cluster, this.encoders, options, () =>
      this.open.delete(appender),
    );
    this.open.add(appender);
    return appender;
  }

  commitOffsets(groupId: string, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    return commitOffsets(this.cluster, groupId, offsets);
  }

  async close(): Promise<void> {
    // The connections first: what waits for an answer is rejected at once.
    this.cluster.close();
    await Promise.all([...this.open].map((part) => part.close()));
  }
}
