import type { TopicPartition, TopicPartitionOffset } from '../../log-port.js';
import { readByTopic, writeByTopic } from './by-topic.js';
import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

export interface OffsetCommitResult extends TopicPartition {
  readonly errorCode: number;
}

/** Without membership (generation -1, no member id): accepted only while the group has no members. */
export function offsetCommitRequest(
  groupId: string,
  offsets: readonly TopicPartitionOffset[],
): KafkaRequest<readonly OffsetCommitResult[]> {
  return {
    api: kafkaApis.offsetCommit,
    encode: () => {
      const writer = new WireWriter();
      writer.string(groupId).int32(noGeneration).string(noMemberId);
      writeByTopic(writer, offsets, (o) => writer.int32(o.partition).int64(o.offset).nullableString(null));
      return [writer.finish()];
    },
    decode: (body) => {
      body.int32();
      return readByTopic(body, (topic) => ({ topic, partition: body.int32(), errorCode: body.int16() }));
    },
  };
}

const noGeneration = -1;
const noMemberId = '';
