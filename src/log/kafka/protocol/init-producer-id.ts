import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

/** Who a producer is to the log. Each `InitProducerId` of a transactional id moves the epoch and shuts out the one before. */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface InitProducerIdResponse extends ProducerIdentity {
  readonly errorCode: number;
}

/**
 * `current`, where it is known, makes a second copy of this request harmless while nothing is open under the
 * id. It protects no open transaction: that one is aborted whatever epoch the request carries (as seen on
 * Kafka 4.1, which then compares the producer id alone).
 */
export function initProducerIdRequest(
  transactionalId: string | null,
  transactionTimeoutMs: number,
  current: ProducerIdentity | undefined,
): KafkaRequest<InitProducerIdResponse> {
  return {
    api: kafkaApis.initProducerId,
    encode: () => [
      new WireWriter()
        .compactNullableString(transactionalId)
        .int32(transactionTimeoutMs)
        .int64(current?.producerId ?? -1n)
        .int16(current?.producerEpoch ?? -1)
        .noTaggedFields()
        .finish(),
    ],
    decode: (body) => {
      body.int32();
      return { errorCode: body.int16(), producerId: body.int64(), producerEpoch: body.int16() };
    },
  };
}
