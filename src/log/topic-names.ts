import { LogError, type TopicDescription } from './log-port.js';

/** Kafka's rules, so that a job that runs on Millrace's own logs runs on Kafka as it is. */
export function checkTopicName(topic: string, partitions: number): void {
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(topic) || topic === '.' || topic === '..') {
    throw new LogError(
      'invalid-configuration',
      `${JSON.stringify(topic)} can't be a topic's name. Use 1 to 249 letters, digits, ".", "_" and "-".`,
    );
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > partitionsMax) {
    throw new LogError(
      'invalid-configuration',
      `Topic ${topic} can't have ${partitions} partitions. Give a whole number from 1 to ${partitionsMax}.`,
    );
  }
}

export function describeTopic(topic: string, partitionCount: number): TopicDescription {
  return { topic, partitions: Array.from({ length: partitionCount }, (_, partition) => partition) };
}

export function unknownTopics(topics: readonly string[]): LogError {
  return new LogError(
    'unknown-topic',
    `${topics.length === 1 ? `Topic ${topics[0]} does not exist` : `Topics ${topics.join(', ')} do not exist`}. ` +
      `Correct the name, or create what is missing: ${topics.map((topic) => `--create-topic ${topic}`).join(' ')}.`,
  );
}

/** Far more than one machine can use, and few enough that a mistyped number is noticed. */
const partitionsMax = 10_000;
