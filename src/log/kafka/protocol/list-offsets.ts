import type { Isolation, TopicPartition } from '../../log-port.js';
import { readByTopic, writeByTopic } from './by-topic.js';
import { isolationLevels } from './isolation-levels.js';
import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

export interface OffsetLookup extends TopicPartition {
  /** Epoch ms, or one of `offsetLookupTime`. */
  readonly timestamp: number;
}

export const offsetLookupTime = { end: -1, earliest: -2 } as const;

export interface OffsetLookupResult extends TopicPartition {
  readonly errorCode: number;
  /** -1 where no record is that late. */
  readonly offset: number;
}

/** Offsets as a reader of that isolation sees them: for `read_committed` the end is the last stable offset. */
export function listOffsetsRequest(
  lookups: readonly OffsetLookup[],
  isolation: Isolation,
): KafkaRequest<readonly OffsetLookupResult[]> {
  return {
    api: kafkaApis.listOffsets,
    encode: () => {
      const writer = new WireWriter();
      writer.int32(noReplica).int8(isolationLevels[isolation]);
      writeByTopic(writer, lookups, (lookup) => writer.int32(lookup.partition).int64(lookup.timestamp));
      return [writer.finish()];
    },
    decode: (body) => {
      body.int32();
      return readByTopic(body, (topic) => {
        const partition = body.int32();
        const errorCode = body.int16();
        body.int64();
        return { topic, partition, errorCode, offset: body.int64AsNumber() };
      });
    },
  };
}

const noReplica = -1;
