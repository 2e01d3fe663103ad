import type { LogTransactions } from './log-transactions.js';
import type { OffsetResetStrategy, PositionReset } from './position-reset.js';
import type { BatchSettings, FetchSettings, RequestSettings } from './request-settings.js';

export type { Compression } from './request-settings.js';

/**
 * The partitioned log as Millrace sees it: Kafka, the embedded log and the in-memory log of the simulation
 * implement this port, and one contract suite holds them to it. Each thread opens its own client.
 *
 * Offsets are numbers (exact up to 2^53). A *position* is the next offset to emit: past transaction
 * markers, aborted batches and compacted gaps. Reads are `read_committed` unless they say otherwise.
 */
export interface LogClient {
  /** @throws LogError `unknown-topic`, naming the topics that don't exist and how to create them. */
  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]>;
  /** The names of all topics but the log's own, in no order. */
  listTopics(): Promise<readonly string[]>;
  /** No error when the topic exists with as many partitions or more. */
  createTopic(topic: string, partitions: number): Promise<void>;
  /**
   * Resolves each request to an offset, in order. `end` is the last stable offset; for `read_uncommitted`
   * the end of what is written.
   */
  resolveOffsets(requests: readonly OffsetRequest[], isolation?: Isolation): Promise<readonly number[]>;
  openReader(options: ReaderOptions): LogReader;
  /** A plain appender: idempotent per append where the log can, not transactional. */
  openAppender(options: AppenderOptions): LogAppender;
  readonly transactions: LogTransactions;
  /** Records a group's positions, for people and lag tools only. */
  commitOffsets(groupId: string, offsets: readonly TopicPartitionOffset[]): Promise<void>;
  /** Ends every reader and appender and frees connections; resolves when nothing of it runs any more. */
  close(): Promise<void>;
}

export interface TopicDescription {
  readonly topic: string;
  /** Partition numbers, ascending; 0 … n-1. */
  readonly partitions: readonly number[];
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
}

export interface OffsetRequest extends TopicPartition {
  readonly spec: OffsetSpec;
}

export type OffsetSpec =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'end' }
  /** The first record whose timestamp is at least this; the end where there is none. */
  | { readonly kind: 'timestamp'; readonly timestampMs: number }
  /** The group's committed offset, or what `fallback` says where it has none; `fail` is an error that names the partition. */
  | { readonly kind: 'committed'; readonly groupId: string; readonly fallback: 'earliest' | 'end' | 'fail' };

/** Which transactions' records a reader sees: those committed, or also those open and aborted. */
export type Isolation = 'read_committed' | 'read_uncommitted';

export interface ReaderOptions extends RequestSettings, FetchSettings {
  /** Called (never synchronously within a call of the reader) when `poll` may answer again after it gave nothing. */
  readonly onAvailable: () => void;
  /** An error the reader can't recover from by itself. It reads nothing after that. */
  readonly onError: (error: Error) => void;
  /**
   * Fetched bytes not yet released, over all partitions; beyond it the reader fetches only of partitions of which it
   * holds nothing, so that those whose records nobody takes stop no other.
   */
  readonly prefetchBytes: number;
  /** `read_committed` by default. The embedded log shows no open or aborted transaction to anyone. */
  readonly isolation?: Isolation | undefined;
  /** `'fail'` by default: a position that is not in the log is an error, `offset-out-of-range`. */
  readonly onOffsetOutOfRange?: OffsetResetStrategy | undefined;
  /** Told of each reset; the batch that moves the position comes with a later `poll`. */
  readonly onReset?: ((reset: PositionReset) => void) | undefined;
}

/** Reads any number of partitions, prefetching within a byte budget. */
export interface LogReader {
  /** Starts reading at `position`; `stopPosition`, exclusive, bounds it. */
  addPartition(partition: TopicPartition, position: number, stopPosition: number | undefined): void;
  /** The next fetched batch, fair between partitions; undefined when none is here. Never waits. */
  poll(): LogBatch | undefined;
  /** The newest known end (last stable offset; all that is written for `read_uncommitted`) of a partition, for lag and idleness; undefined before the first fetch. */
  endOffset(partition: TopicPartition): number | undefined;
  close(): Promise<void>;
}

/**
 * One fetched batch of one partition, a cursor over its records: fields are ranges into `bytes`, so that a
 * record is not turned into objects before somebody wants them.
 */
export interface LogBatch {
  readonly topic: string;
  readonly partition: number;
  /** Moves to the next visible record; false when there is none. */
  next(): boolean;
  readonly offset: number;
  /** Epoch ms. */
  readonly timestamp: number;
  readonly bytes: Buffer;
  /** Start and end of the key in `bytes`; start -1 for a null key. */
  readonly keyStart: number;
  readonly keyEnd: number;
  /** Start and end of the value in `bytes`; start -1 for a null value. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Decodes the current record's headers; empty for most. */
  headers(): readonly RecordHeader[];
  /** The partition's position once this batch is consumed. A batch may hold no visible record and only move it. */
  readonly positionAfter: number;
  /** Returns its bytes to the prefetch budget; called once, after the last `next`. Ranges are invalid afterwards. */
  release(): void;
}

export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** One record on its way into the log. */
export interface LogRecord {
  readonly topic: string;
  /**
   * Undefined leaves it to the appender's partitioner, or to the log, which chooses as Kafka's default does:
   * murmur2 of the key, sticky without one.
   */
  readonly partition: number | undefined;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** Epoch ms. */
  readonly timestamp: number;
  readonly headers?: readonly RecordHeader[];
  /** What the record was made of, for the appender's partitioner. */
  readonly element?: unknown;
}

export interface AppenderOptions extends AppendSettings {
  /** Called when `isWritable` turns true again. */
  readonly onWritable: () => void;
  readonly onError: (error: Error) => void;
  /** Bytes appended and not yet acknowledged beyond which `isWritable` is false. */
  readonly bufferBytes: number;
}

/** Where appended records go and how they travel. What is left open is the log's to choose. */
export interface AppendSettings extends RequestSettings, BatchSettings {
  /** Places the records that name no partition; without it the log does, by `LogRecord.partition`'s rule. */
  readonly partitioner?: RecordPartitioner | undefined;
}

export interface RecordPartitioner {
  /**
   * Called once for each record without a partition, in the order of `append`, when the topic's partitions
   * are known: within `append`, or later. The record is lent.
   * @throws LogError, which fails the appender.
   */
  partitionFor(record: LogRecord, partitionCount: number): number;
}

export interface LogAppender {
  /**
   * Adds a record; sent in the background in batches. Never blocks; a caller should stop when `isWritable`
   * is false. The bytes are copied before it returns.
   */
  append(record: LogRecord): void;
  readonly isWritable: boolean;
  /** Resolves when all that was appended before the call is acknowledged by the log. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What a log refuses or reports; `code` is for decisions, the message for people (what, where, what to do). */
export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code: LogErrorCode;
  constructor(code: LogErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export type LogErrorCode =
  | 'unknown-topic'
  | 'unreachable'
  | 'offset-out-of-range'
  | 'corrupt-batch'
  | 'record-too-large'
  | 'fenced'
  | 'transaction-lost'
  | 'unauthorized'
  | 'delivery-timeout'
  | 'begin-unanswered'
  | 'invalid-configuration'
  | 'internal';
