import { type Isolation, LogError, type TopicPartition } from '../../log-port.js';
import type { OffsetResetStrategy } from '../../position-reset.js';
import type { KafkaCluster } from '../kafka-cluster.js';
import { resolveOffsets } from '../offset-lookup.js';
import { missingTopicGraceMs } from '../topic-administration.js';

/**
 * Why a position can't be read and never will be: a reader that went on from another one would lose or
 * repeat records. Unless its user has chosen to go on elsewhere, these errors end it.
 */

/**
 * Where to go on from a position that the broker says is not in the log; undefined where it is after all, as it may
 * be when replicas have just changed their roles.
 * @throws LogError `offset-out-of-range` where the strategy is to fail, and as `KafkaCluster.send`
 */
export async function positionAfterLoss(
  cluster: KafkaCluster,
  { topic, partition }: TopicPartition,
  position: number,
  strategy: OffsetResetStrategy,
  isolation: Isolation,
): Promise<number | undefined> {
  const lost = await outOfRange(cluster, { topic, partition }, position);
  if (lost === undefined) return undefined;
  if (strategy === 'fail') throw lost;
  const kind = strategy === 'latest' ? 'end' : strategy;
  const [to] = await resolveOffsets(cluster, [{ topic, partition, spec: { kind } }], isolation);
  return to;
}

async function outOfRange(
  cluster: KafkaCluster,
  { topic, partition }: TopicPartition,
  position: number,
): Promise<LogError | undefined> {
  const place = { topic, partition };
  const ends = [
    { ...place, spec: { kind: 'earliest' } },
    { ...place, spec: { kind: 'end' } },
  ] as const;
  const [first = 0, end = 0] = await resolveOffsets(cluster, ends, 'read_uncommitted');
  if (position >= first && position <= end) return undefined;
  const isDeleted = position < first;
  return new LogError(
    'offset-out-of-range',
    `Topic ${topic}, partition ${partition}: position ${position} is not in the log, which ${isDeleted ? 'begins' : 'ends'} ` +
      `at ${isDeleted ? first : end}. ${isDeleted ? deleted : beyondTheEnd} Bring the records back, or begin anew with ` +
      "--fresh where startingOffsets says ('earliest', 'latest', …); or let the source go on elsewhere, with onOffsetOutOfRange.",
  );
}

const deleted =
  "Its records were deleted before they were read (the topic's retention.ms and retention.bytes): they are lost to the job.";
const beyondTheEnd = 'The topic was made anew, or the offset given was never written.';

/**
 * For a partition that has failed for `failingMs` and is in no metadata; undefined where it is, or may have
 * been created just now.
 */
export function partitionGone(
  cluster: KafkaCluster,
  { topic, partition }: TopicPartition,
  position: number,
  failingMs: number,
): LogError | undefined {
  const missingMs = cluster.missingForMs(topic);
  const count = missingMs > 0 ? 0 : cluster.partitionCount(topic);
  const goneMs = missingMs > 0 ? missingMs : failingMs;
  const graceMs = Math.min(missingTopicGraceMs, cluster.config.requests.deliveryTimeoutMs);
  if (count === undefined || partition < count || goneMs < graceMs) return undefined;
  const now =
    count === 0 ? `Kafka at ${cluster.name} has no such topic` : `the topic has ${count} partitions`;
  return new LogError(
    'unknown-topic',
    `Topic ${topic}, partition ${partition}, which is to be read from offset ${position} on, is gone: ${now}. ` +
      'Bring the topic back with its records, or create it and begin anew with --fresh.',
  );
}
