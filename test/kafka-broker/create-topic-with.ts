import { Kafka, logLevel } from 'kafkajs';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';

/** A topic with settings of its own; resolves when all its partitions have leaders. */
export async function createTopicWith(
  brokers: readonly string[],
  topic: string,
  partitions: number,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic, numPartitions: partitions, configEntries }],
    waitForLeaders: false,
    timeout: 30_000,
  });
  await admin.disconnect();
  const client = createKafkaLogClient({ brokers });
  await client.createTopic(topic, partitions);
  await client.close();
}
