import { LogError, type TopicPartition } from './log-port.js';

/** A group has committed nothing for a partition, and its reader wants nothing else. */
export function noCommittedOffset(groupId: string, { topic, partition }: TopicPartition): LogError {
  return new LogError(
    'invalid-configuration',
    `Group ${groupId} has committed no offset for topic ${topic}, partition ${partition}. ` +
      "Correct the group's name, or say where to begin instead with startingOffsets: { committedOr: 'earliest' }.",
  );
}
