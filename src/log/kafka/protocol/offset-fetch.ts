import type { TopicPartition } from '../../log-port.js';
import { readByTopic, writeByTopic } from './by-topic.js';
import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

export interface OffsetFetchResponse {
  readonly errorCode: number;
  readonly partitions: readonly CommittedOffset[];
}

export interface CommittedOffset extends TopicPartition {
  readonly errorCode: number;
  /** -1 where the group has none. */
  readonly offset: number;
}

export function offsetFetchRequest(
  groupId: string,
  partitions: readonly TopicPartition[],
): KafkaRequest<OffsetFetchResponse> {
  return {
    api: kafkaApis.offsetFetch,
    encode: () => {
      const writer = new WireWriter();
      writer.string(groupId);
      writeByTopic(writer, partitions, (p) => writer.int32(p.partition));
      return [writer.finish()];
    },
    decode: (body) => {
      body.int32();
      const committed = readByTopic(body, (topic) => {
        const partition = body.int32();
        const offset = body.int64AsNumber();
        body.nullableString();
        return { topic, partition, offset, errorCode: body.int16() };
      });
      return { partitions: committed, errorCode: body.int16() };
    },
  };
}
