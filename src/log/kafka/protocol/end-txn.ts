import type { ProducerIdentity } from './init-producer-id.js';
import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

/**
 * Commits or aborts. Up to version 4 the epoch stays, so that a stored producer id and epoch commit from
 * any process and any number of times; from version 5 on it moves with each end.
 *
 * Answers the error code.
 */
export function endTxnRequest(
  transactionalId: string,
  producer: ProducerIdentity,
  outcome: 'commit' | 'abort',
): KafkaRequest<number> {
  return {
    api: kafkaApis.endTxn,
    encode: () => [
      new WireWriter()
        .string(transactionalId)
        .int64(producer.producerId)
        .int16(producer.producerEpoch)
        .boolean(outcome === 'commit')
        .finish(),
    ],
    decode: (body) => {
      body.int32();
      return body.int16();
    },
  };
}
