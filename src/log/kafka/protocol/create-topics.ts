import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

export interface CreateTopicResult {
  readonly errorCode: number;
  readonly message: string | null;
}

/** With the broker's default replication factor. */
export function createTopicRequest(
  topic: string,
  partitions: number,
  timeoutMs: number,
): KafkaRequest<CreateTopicResult> {
  return {
    api: kafkaApis.createTopics,
    encode: () => {
      const nothing: readonly never[] = [];
      const writer = new WireWriter();
      writer.array([topic], (name) =>
        writer
          .string(name)
          .int32(partitions)
          .int16(defaultReplicationFactor)
          .array(nothing, () => {})
          .array(nothing, () => {}),
      );
      return [writer.int32(timeoutMs).boolean(false).finish()];
    },
    decode: (body) => {
      body.int32();
      const [result] = body.array(() => {
        body.string();
        return { errorCode: body.int16(), message: body.nullableString() };
      });
      if (result === undefined) throw new RangeError('The answer to CreateTopics names no topic.');
      return result;
    },
  };
}

const defaultReplicationFactor = -1;
