import type { TopicPartition } from '../../log-port.js';
import { readByTopic, writeByTopic } from './by-topic.js';
import type { ProducerIdentity } from './init-producer-id.js';
import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

export interface AddedPartition extends TopicPartition {
  readonly errorCode: number;
}

/** Must have succeeded for a partition before the transaction's first batch goes there, or the end would miss it. */
export function addPartitionsToTxnRequest(
  transactionalId: string,
  producer: ProducerIdentity,
  partitions: readonly TopicPartition[],
): KafkaRequest<readonly AddedPartition[]> {
  return {
    api: kafkaApis.addPartitionsToTxn,
    encode: () => {
      const writer = new WireWriter();
      writer.string(transactionalId).int64(producer.producerId).int16(producer.producerEpoch);
      writeByTopic(writer, partitions, (p) => writer.int32(p.partition));
      return [writer.finish()];
    },
    decode: (body) => {
      body.int32();
      return readByTopic(body, (topic) => ({ topic, partition: body.int32(), errorCode: body.int16() }));
    },
  };
}
