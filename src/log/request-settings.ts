/**
 * How the requests of a reader or an appender travel. They concern a log that is reached over a network, which
 * Kafka alone is; what is left open is the client's to choose.
 */
export interface RequestSettings {
  /** Names the client in the brokers' logs and quotas. */
  readonly clientId?: string | undefined;
  /** For one answer; the connection is given up after it. */
  readonly requestTimeoutMs?: number | undefined;
  /** How long an append or a read is retried for before it is an error. */
  readonly deliveryTimeoutMs?: number | undefined;
  /** Before the first retry; doubled before each one after it. */
  readonly retryBackoffMs?: number | undefined;
  /** Before any retry, at most. */
  readonly retryBackoffMaxMs?: number | undefined;
}

/** What a reader asks for at a time. Kafka alone. */
export interface FetchSettings {
  /** A broker holds a fetch of partitions that have caught up until it has so much, … */
  readonly fetchMinBytes?: number | undefined;
  /** … or for so long. */
  readonly fetchMaxWaitMs?: number | undefined;
  /** Of one fetch, over all its partitions; a batch that is larger comes alone. */
  readonly fetchMaxBytes?: number | undefined;
  /** Of one partition in one fetch. */
  readonly partitionFetchBytes?: number | undefined;
}

/** How appended records are put together. All but `compression` concern Kafka alone. */
export interface BatchSettings {
  /** How the records of a batch are packed together; `'none'` by default. Readers need not know. */
  readonly compression?: Compression | undefined;
  /** How long a batch that is not full waits for more records; the other logs don't wait. A flush does not either. */
  readonly lingerMs?: number | undefined;
  /** A batch of so many bytes, before compression, is full. */
  readonly batchBytes?: number | undefined;
  /**
   * Bytes of one request, before compression; a batch that is larger goes alone. A record that is larger is
   * an error, `record-too-large`.
   */
  readonly requestBytes?: number | undefined;
  /** How often a batch is sent again before it is an error, within the time that `deliveryTimeoutMs` gives. */
  readonly retries?: number | undefined;
}

/** Kafka's names (`compression.type`). */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export const compressions = [
  'none',
  'gzip',
  'snappy',
  'lz4',
  'zstd',
] as const satisfies readonly Compression[];
