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
 * `current`, where it is known, lets the broker tell a late copy of this request from a new one: it is
 * refused where it no longer holds, so it can't abort a transaction that was begun after it.
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
