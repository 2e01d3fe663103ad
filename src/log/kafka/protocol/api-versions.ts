import { type KafkaRequest, kafkaApis } from './kafka-request.js';

export interface ApiVersionRange {
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** Asks a broker which versions of which APIs it knows; by API key. */
export function apiVersionsRequest(): KafkaRequest<ReadonlyMap<number, ApiVersionRange>> {
  return {
    api: kafkaApis.apiVersions,
    encode: () => [],
    decode: (body) => {
      body.int16();
      return new Map(
        body.array(() => {
          const key = body.int16();
          return [key, { minVersion: body.int16(), maxVersion: body.int16() }] as const;
        }),
      );
    },
  };
}
