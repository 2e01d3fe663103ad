import { type KafkaRequest, kafkaApis } from './kafka-request.js';
import { WireWriter } from './wire-writer.js';

/** What a coordinator is of: a consumer group, or a transactional id. */
export type CoordinatorKind = 'group' | 'transaction';

export interface CoordinatorResponse {
  readonly errorCode: number;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export function findCoordinatorRequest(
  kind: CoordinatorKind,
  key: string,
): KafkaRequest<CoordinatorResponse> {
  return {
    api: kafkaApis.findCoordinator,
    encode: () => [
      new WireWriter()
        .string(key)
        .int8(kind === 'group' ? 0 : 1)
        .finish(),
    ],
    decode: (body) => {
      body.int32();
      const errorCode = body.int16();
      body.nullableString();
      return { errorCode, nodeId: body.int32(), host: body.string(), port: body.int32() };
    },
  };
}
