import type { WireReader } from './wire-reader.js';

/** One request of Kafka's protocol at one version, and how its answer is read. */
export interface KafkaRequest<Response> {
  readonly api: KafkaApi;
  /** The body, after the request's header. In pieces, so that record batches are written without a copy. */
  encode(): readonly Buffer[];
  decode(body: WireReader): Response;
}

/**
 * An API at the version that is spoken: one that Kafka 2.4 to 4.x all know. Where a newer version would
 * change a transaction's meaning (EndTxn 5 moves the epoch), the number is part of the design.
 */
export interface KafkaApi {
  readonly key: number;
  readonly name: string;
  readonly version: number;
  /** Versions whose headers carry tagged fields. */
  readonly isFlexible: boolean;
}

export const kafkaApis = {
  produce: { key: 0, name: 'Produce', version: 7, isFlexible: false },
  fetch: { key: 1, name: 'Fetch', version: 11, isFlexible: false },
  listOffsets: { key: 2, name: 'ListOffsets', version: 2, isFlexible: false },
  metadata: { key: 3, name: 'Metadata', version: 4, isFlexible: false },
  offsetCommit: { key: 8, name: 'OffsetCommit', version: 5, isFlexible: false },
  offsetFetch: { key: 9, name: 'OffsetFetch', version: 3, isFlexible: false },
  findCoordinator: { key: 10, name: 'FindCoordinator', version: 1, isFlexible: false },
  apiVersions: { key: 18, name: 'ApiVersions', version: 0, isFlexible: false },
  createTopics: { key: 19, name: 'CreateTopics', version: 4, isFlexible: false },
  initProducerId: { key: 22, name: 'InitProducerId', version: 3, isFlexible: true },
  addPartitionsToTxn: { key: 24, name: 'AddPartitionsToTxn', version: 1, isFlexible: false },
  endTxn: { key: 26, name: 'EndTxn', version: 1, isFlexible: false },
} as const satisfies Readonly<Record<string, KafkaApi>>;
