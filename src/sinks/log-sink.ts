import type { Duration } from '../api/duration.js';
import { type OptionNames, refuseUnknownOptions } from '../api/option-names.js';
import { requireMethod } from '../api/require-method.js';
import type { AppendSettings } from '../log/log-port.js';
import { MillraceError } from '../protocol/failures.js';
import { AppendingSinkWriter } from './appending-sink-writer.js';
import { type BatchingSinkOptions, sinkSettings } from './batching-sink-options.js';
import { BuiltRecordEncoder, type RecordBuilder } from './built-record-encoder.js';
import { LogRecordEncoder, type LogRecordMapping } from './log-record-encoder.js';
import { ElementPartitioner, type Partitioner } from './partitioner.js';
import type { RecordEncoder } from './record-encoder.js';
import type { Sink, SinkTransactions, SinkWriter, SinkWriterContext } from './sink.js';
import { TransactionalSinkWriter } from './transactional-sink-writer.js';

export type LogSinkOptions<T> = LogSinkRecordOptions<T> &
  LogSinkPlacement<T> &
  (AppendingSinkOptions | TransactionalSinkOptions);

/** The records, field by field, or whole: topic, key, value, headers, timestamp and partition of each element. */
export type LogSinkRecordOptions<T> =
  | (LogRecordMapping<T> & { readonly record?: undefined })
  | { readonly record: RecordBuilder<T>; readonly topic?: undefined; readonly value?: undefined };

export interface LogSinkPlacement<T> extends BatchingSinkOptions {
  /**
   * Chooses the partition where the record itself names none. By default the log does, as Kafka's default:
   * by the key's hash, and without a key one partition for a batch at a time.
   */
  readonly partitioner?: Partitioner<T>;
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
  refuseUnknownOptions('kafkaSink', options, sinkOptionNames);
  return new LogSink(options);
}

const sinkOptionNames: OptionNames<LogSinkOptions<unknown>> = {
  topic: true,
  key: true,
  value: true,
  headers: true,
  timestamp: true,
  partition: true,
  record: true,
  partitioner: true,
  deliveryGuarantee: true,
  transactionalIdPrefix: true,
  transactionTimeout: true,
  transactionPoolSize: true,
  compression: true,
  linger: true,
  batchBytes: true,
  requestBytes: true,
  properties: true,
};

class LogSink<T> implements Sink<T> {
  readonly kind = 'log-sink';
  readonly description: string;
  readonly topics: readonly string[];
  readonly transactions?: SinkTransactions;
  private readonly records: LogSinkRecordOptions<T>;
  private readonly partitioner: Partitioner<T> | undefined;
  private readonly batching: AppendSettings;
  private readonly guarantee: Guarantee;

  constructor(options: LogSinkOptions<T>) {
    if (options.record === undefined && (options.topic === '' || options.topic === undefined))
      throw badOption('topic is empty: name a topic, or build each record with a record function.');
    if (options.record !== undefined && options.topic !== undefined)
      throw badOption('topic and record exclude each other: the record function names the topic.');
    if (options.record === undefined)
      requireMethod(options.value, 'encode', "A sink's option value takes a codec, such as json()");
    this.records = options;
    this.partitioner = options.partitioner;
    const { batching, transactionTimeoutMs } = sinkSettings(options);
    this.batching = batching;
    this.guarantee = guaranteeOf(options, transactionTimeoutMs ?? defaultTransactionTimeoutMs);
    if (this.guarantee.kind === 'exactly-once') this.transactions = this.guarantee.transactions;
    this.topics = typeof options.topic === 'string' ? [options.topic] : [];
    const topic = typeof options.topic === 'string' ? `topic ${options.topic}` : 'a topic for each element';
    this.description = `${topic}; ${this.guarantee.kind}`;
  }

  createWriter(context: SinkWriterContext): SinkWriter<T> {
    const encoder = this.createEncoder(context);
    const settings = { ...this.batching, partitioner: this.openPartitioner(context) };
    return this.guarantee.kind === 'exactly-once'
      ? new TransactionalSinkWriter(context, encoder, settings, this.guarantee.transactions)
      : new AppendingSinkWriter(context, encoder, settings, this.guarantee.kind);
  }

  private createEncoder({ operatorName, clock }: SinkWriterContext): RecordEncoder<T> {
    return this.records.record === undefined
      ? new LogRecordEncoder(this.records, operatorName, clock)
      : new BuiltRecordEncoder(this.records.record, operatorName, clock);
  }

  private openPartitioner(context: SinkWriterContext): ElementPartitioner<T> | undefined {
    if (this.partitioner === undefined) return undefined;
    const { operatorName, subtaskIndex, parallelism } = context;
    return new ElementPartitioner(this.partitioner, operatorName, subtaskIndex, parallelism);
  }
}

type Guarantee =
  | { readonly kind: 'none' | 'at-least-once' }
  | { readonly kind: 'exactly-once'; readonly transactions: SinkTransactions };

function guaranteeOf(
  options: AppendingSinkOptions | TransactionalSinkOptions,
  transactionTimeoutMs: number,
): Guarantee {
  const kind = options.deliveryGuarantee ?? 'at-least-once';
  switch (kind) {
    case 'none':
    case 'at-least-once':
      return { kind };
    case 'exactly-once':
      return {
        kind,
        transactions: sinkTransactions(options as TransactionalSinkOptions, transactionTimeoutMs),
      };
    default:
      kind satisfies never;
      throw badOption(
        `deliveryGuarantee is ${JSON.stringify(kind)}: give 'none', 'at-least-once' or 'exactly-once'.`,
      );
  }
}

function sinkTransactions(options: TransactionalSinkOptions, transactionTimeoutMs: number): SinkTransactions {
  const { transactionalIdPrefix } = options;
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
