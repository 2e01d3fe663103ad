import type { TopicPartition } from '../../log-port.js';
import { byTopic, readByTopic } from './by-topic.js';
import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

export interface ProducePartition extends TopicPartition {
  /** One record batch; must not change before the answer is here. */
  readonly batch: Buffer;
}

export interface ProducedPartition extends TopicPartition {
  readonly errorCode: number;
}

/** `ackTimeoutMs`: how long the leader may wait for its replicas. All of them must have the batch. */
export function produceRequest(
  partitions: readonly ProducePartition[],
  options: { readonly transactionalId: string | null; readonly ackTimeoutMs: number },
): KafkaRequest<readonly ProducedPartition[]> {
  return {
    api: kafkaApis.produce,
    encode: () => {
      const pieces: Buffer[] = [];
      const topics = byTopic(partitions);
      const head = new WireWriter().nullableString(options.transactionalId).int16(allReplicas);
      pieces.push(head.int32(options.ackTimeoutMs).int32(topics.length).finish());
      for (const [topic, ofTopic] of topics) {
        pieces.push(new WireWriter(64).string(topic).int32(ofTopic.length).finish());
        for (const { partition, batch } of ofTopic) {
          pieces.push(new WireWriter(8).int32(partition).int32(batch.length).finish(), batch);
        }
      }
      return pieces;
    },
    decode: (body) =>
      readByTopic(body, (topic) => {
        const produced = { topic, partition: body.int32(), errorCode: body.int16() };
        body.int64();
        body.int64();
        body.int64();
        return produced;
      }),
  };
}

const allReplicas = -1;
