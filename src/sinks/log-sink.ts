import { type Duration, durationMs } from '../api/duration.js';
import type { ValueCodec } from '../codecs/value-codec.js';
import type { BatchingOptions } from '../log/log-port.js';
import { MillraceError } from '../protocol/failures.js';
import { AppendingSinkWriter } from './appending-sink-writer.js';
import { type BatchingSinkOptions, batchingOptions } from './batching-sink-options.js';
import { LogRecordEncoder, type LogRecordMapping } from './log-record-encoder.js';
import type { Sink, SinkTransactions, SinkWriter, SinkWriterContext } from './sink.js';
import { TransactionalSinkWriter } from './transactional-sink-writer.js';

export type LogSinkOptions<T> = LogSinkRecordOptions<T> & (AppendingSinkOptions | TransactionalSinkOptions);

export interface LogSinkRecordOptions<T> extends BatchingSinkOptions {
  /** One topic, or the topic of each element. Topics are not created. */
  readonly topic: string | ((value: T) => string);
  readonly value: ValueCodec<T>;
  /** The record's key, text in UTF-8 or bytes; without it records have none. */
  readonly key?: (value: T) => string | Uint8Array | null;
  /** The partition's number; undefined, or no partitioner, leaves it to the log, which goes by the key as Kafka does. */
  readonly partitioner?: (value: T) => number | undefined;
}

export interface AppendingSinkOptions {
  /** `'at-least-once'` by default: after a failure, records may be written again. `'none'`: they may be lost, too. */
  readonly deliveryGuarantee?: 'none' | 'at-least-once';
}

export interface TransactionalSinkOptions {
  /** Readers of committed records see each record once, when the checkpoint behind it completes. */
  readonly deliveryGuarantee: 'exactly-once';
  /** Begins the name of every transactional id. No other sink that writes to the same log may use it, and it must not change. */
  readonly transactionalIdPrefix: string;
  /**
   * After this the log aborts an open transaction, committed or not: it must exceed the time of a checkpoint
   * plus the longest time the job may be down. By default what brokers allow at most by default, `'15m'`;
   * a crash doesn't hold up readers so long, since a restart aborts what is left open.
   */
  readonly transactionTimeout?: Duration;
  /** Transactional ids of each subtask in one attempt, 2 at least; 8 by default. The next attempt uses as many others. */
  readonly transactionPoolSize?: number;
}

const defaultTransactionTimeoutMs = 900_000;

/**
 * Ids in use at once: one written with, one begun ahead, one prepared, and up to two committed but still
 * named by the newest checkpoint. The rest is for checkpoints that are aborted in a row.
 */
const defaultTransactionPoolSize = 8;
/** One to write with while another is recorded. */
const transactionPoolSizeMin = 2;
/** A restart fences them all. */
const transactionPoolSizeMax = 1_000;

/** Writes topics of the log: of Kafka where brokers are given, else of the embedded log. */
export function logSink<T>(options: LogSinkOptions<T>): Sink<T> {
  return new LogSink(options);
}

class LogSink<T> implements Sink<T> {
  readonly kind = 'log-sink';
  readonly description: string;
  readonly transactions?: SinkTransactions;
  private readonly mapping: LogRecordMapping<T>;
  private readonly batching: BatchingOptions;
  private readonly guarantee: Guarantee;

  constructor(options: LogSinkOptions<T>) {
    if (options.topic === '') throw badOption('topic is empty: name a topic.');
    this.mapping = {
      topic: options.topic,
      value: options.value,
      key: options.key,
      partitioner: options.partitioner,
    };
    this.batching = batchingOptions(options);
    this.guarantee = guaranteeOf(options);
    if (this.guarantee.kind === 'exactly-once') this.transactions = this.guarantee.transactions;
    const topic = typeof options.topic === 'string' ? `topic ${options.topic}` : 'a topic for each element';
    this.description = `${topic}; ${this.guarantee.kind}`;
  }

  createWriter(context: SinkWriterContext): SinkWriter<T> {
    const encoder = new LogRecordEncoder(this.mapping, context.operatorName, context.clock);
    return this.guarantee.kind === 'exactly-once'
      ? new TransactionalSinkWriter(context, encoder, this.batching, this.guarantee.transactions)
      : new AppendingSinkWriter(context, encoder, this.batching, this.guarantee.kind);
  }
}

type Guarantee =
  | { readonly kind: 'none' | 'at-least-once' }
  | { readonly kind: 'exactly-once'; readonly transactions: SinkTransactions };

function guaranteeOf(options: AppendingSinkOptions | TransactionalSinkOptions): Guarantee {
  const kind = options.deliveryGuarantee ?? 'at-least-once';
  switch (kind) {
    case 'none':
    case 'at-least-once':
      return { kind };
    case 'exactly-once':
      return { kind, transactions: sinkTransactions(options as TransactionalSinkOptions) };
    default:
      kind satisfies never;
      throw badOption(
        `deliveryGuarantee is ${JSON.stringify(kind)}: give 'none', 'at-least-once' or 'exactly-once'.`,
      );
  }
}

function sinkTransactions(options: TransactionalSinkOptions): SinkTransactions {
  const { transactionalIdPrefix } = options;
  const transactionTimeoutMs = durationMs(
    options.transactionTimeout ?? defaultTransactionTimeoutMs,
    'transactionTimeout',
  );
  const poolSize = options.transactionPoolSize ?? defaultTransactionPoolSize;
  if (typeof transactionalIdPrefix !== 'string' || transactionalIdPrefix === '') {
    throw badOption("transactionalIdPrefix is missing: 'exactly-once' needs one that no other sink uses.");
  }
  if (transactionTimeoutMs < 1)
    throw badOption('transactionTimeout is 0: give the time that a restart may take, and more.');
  if (
    !Number.isSafeInteger(poolSize) ||
    poolSize < transactionPoolSizeMin ||
    poolSize > transactionPoolSizeMax
  ) {
    throw badOption(
      `transactionPoolSize is ${poolSize}: give a whole number from ${transactionPoolSizeMin} to ${transactionPoolSizeMax}.`,
    );
  }
  return { transactionalIdPrefix, poolSize, transactionTimeoutMs };
}

function badOption(message: string): MillraceError {
  return new MillraceError(`A sink's option ${message}`, { domain: 'user-code', action: 'fail-job' });
}
