import { LogError, type TopicDescription } from '../log-port.js';
import { answerError } from './answer-error.js';
import type { KafkaCluster, Try } from './kafka-cluster.js';
import { createTopicRequest } from './protocol/create-topics.js';
import { errorCode, errorName } from './protocol/error-codes.js';
import { type ClusterMetadata, metadataRequest } from './protocol/metadata.js';

/**
 * Partitions of topics that must exist, in the order asked for.
 * @throws LogError `unknown-topic`, naming all that don't exist.
 */
export async function describeTopics(
  cluster: KafkaCluster,
  topics: readonly string[],
): Promise<readonly TopicDescription[]> {
  cluster.track(topics);
  const what = `Describing the topics ${topics.join(', ')}`;
  return cluster.untilDone(what, async (): Promise<Try<readonly TopicDescription[]>> => {
    const metadata = await cluster.refreshMetadata();
    const missing = topics.filter((topic) => codeOf(metadata, topic) === errorCode.unknownTopicOrPartition);
    if (missing.length > 0) throw unknownTopics(cluster, missing);
    const descriptions: TopicDescription[] = [];
    for (const topic of topics) {
      const found = metadata.topics.find((t) => t.topic === topic);
      // Metadata that was asked for before this topic was tracked.
      if (found === undefined) return { kind: 'again', why: `no metadata of topic ${topic}`, afterMs: 0 };
      if (found.errorCode === errorCode.invalidTopic) {
        throw new LogError('invalid-configuration', `'${topic}' is no valid name for a Kafka topic.`);
      }
      if (found.errorCode !== errorCode.none) throw answerError(what, found.errorCode);
      const partitions = found.partitions.map((p) => p.partition).sort((a, b) => a - b);
      descriptions.push({ topic, partitions });
    }
    return { kind: 'done', value: descriptions };
  });
}

/** The names of all topics that are not the brokers' own. */
export function listTopics(cluster: KafkaCluster): Promise<readonly string[]> {
  return cluster.untilDone('Listing the topics', async (): Promise<Try<readonly string[]>> => {
    const { topics } = await cluster.sendToAny(metadataRequest('all'));
    return { kind: 'done', value: topics.filter((topic) => !topic.isInternal).map(({ topic }) => topic) };
  });
}

/** No error where the topic exists with as many partitions or more. Resolves once every partition has a leader. */
export async function createTopic(cluster: KafkaCluster, topic: string, partitions: number): Promise<void> {
  const what = `Creating topic ${topic} with ${partitions} partitions`;
  const created = await cluster.untilDone(what, async (): Promise<Try<'created' | 'exists'>> => {
    const { controllerId } = await cluster.refreshMetadata();
    const request = createTopicRequest(topic, partitions, cluster.config.requests.requestTimeoutMs);
    const { errorCode: code, message } = await cluster.send(controllerId, 'control', request);
    if (code === errorCode.none) return { kind: 'done', value: 'created' };
    if (code === errorCode.topicAlreadyExists) return { kind: 'done', value: 'exists' };
    const error = answerError(what, code);
    if (!(error instanceof LogError) || error.code === 'unauthorized') throw error;
    throw new LogError(
      'invalid-configuration',
      `${what}: the broker answered ${errorName(code)}${message === null ? '' : `: ${message}`}`,
    );
  });
  const count = await untilLed(cluster, topic);
  if (created === 'exists' && count < partitions) {
    throw new LogError(
      'invalid-configuration',
      `Topic ${topic} exists with ${count} partitions, fewer than the ${partitions} asked for. ` +
        'Add partitions with kafka-topics.sh --alter, or take another topic.',
    );
  }
}

/** @throws LogError `unknown-topic` */
export function unknownTopics(cluster: KafkaCluster, topics: readonly string[]): LogError {
  const [first] = topics;
  return new LogError(
    'unknown-topic',
    `Kafka at ${cluster.name} has no topic ${topics.map((topic) => `'${topic}'`).join(', ')}. Correct the name, or create it: ` +
      `kafka-topics.sh --bootstrap-server ${cluster.name.split(', ')[0]} --create --topic ${first} --partitions 4`,
  );
}

/** A topic that was just created may be missing in a broker's metadata for some hundred milliseconds, and exist all the same. */
export const newTopicGraceMs = 2_000;

/** One that was there before may also be missing with a broker that returns from an outage, until it has caught up. */
export const missingTopicGraceMs = 10_000;

/** Right after a topic was created some brokers don't know it, or its leaders. */
function untilLed(cluster: KafkaCluster, topic: string): Promise<number> {
  cluster.track([topic]);
  return cluster.untilDone(`Waiting for the leaders of topic ${topic}`, async () => {
    await cluster.refreshMetadata();
    const count = cluster.partitionCount(topic);
    if (count === undefined) return { kind: 'again', why: 'the topic is not known everywhere yet' };
    for (let partition = 0; partition < count; partition++) {
      if (cluster.leaderOf(topic, partition) === undefined) {
        return { kind: 'again', why: `partition ${partition} has no leader yet` };
      }
    }
    return { kind: 'done', value: count };
  });
}

function codeOf(metadata: ClusterMetadata, topic: string): number | undefined {
  return metadata.topics.find((t) => t.topic === topic)?.errorCode;
}
