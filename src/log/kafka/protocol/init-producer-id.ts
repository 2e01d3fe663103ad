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

/** Of any epoch: it always gives a new one. */
export function initProducerIdRequest(
  transactionalId: string | null,
  transactionTimeoutMs: number,
): KafkaRequest<InitProducerIdResponse> {
  return {
    api: kafkaApis.initProducerId,
    encode: () => [
      new WireWriter()
        .compactNullableString(transactionalId)
        .int32(transactionTimeoutMs)
        .int64(anyProducerId)
        .int16(anyEpoch)
        .noTaggedFields()
        .finish(),
    ],
    decode: (body) => {
      body.int32();
      return { errorCode: body.int16(), producerId: body.int64(), producerEpoch: body.int16() };
    },
  };
}

const anyProducerId = -1n;
const anyEpoch = -1;
