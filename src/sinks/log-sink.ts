import { type OptionNames, refuseUnknownOptions } from '../api/option-names.js';
import { readOptions, wrongOption } from '../api/read-options.js';
import { requireMethod } from '../api/require-method.js';
import type { AppendSettings } from '../log/log-port.js';
import { AppendingSinkWriter } from './appending-sink-writer.js';
import { type BatchingSinkOptions, type SinkSettings, sinkSettings } from './batching-sink-options.js';
import { BuiltRecordEncoder, type RecordBuilder } from './built-record-encoder.js';
import type {
  AppendingSinkOptions,
  DeliveryGuarantee,
  TransactionalSinkOptions,
} from './delivery-guarantee.js';
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

/** Writes topics of the log: of Kafka where brokers are given, else of the embedded log. */
export function logSink<T>(options: LogSinkOptions<T>): Sink<T> {
  const { settings } = readOptions('kafkaSink', {
    names: () => refuseUnknownOptions('kafkaSink', options, sinkOptionNames),
    records: () => requireRecords(options),
    partitioner: () => requirePartitioner(options.partitioner),
    settings: () => sinkSettings(options),
  });
  return new LogSink(options, settings);
}

export const sinkOptionNames: OptionNames<LogSinkOptions<unknown>> = {
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
  private readonly guarantee: DeliveryGuarantee;

  constructor(options: LogSinkOptions<T>, { batching, guarantee }: SinkSettings) {
    this.records = options;
    this.partitioner = options.partitioner;
    this.batching = batching;
    this.guarantee = guarantee;
    if (guarantee.kind === 'exactly-once') this.transactions = guarantee.transactions;
    this.topics = typeof options.topic === 'string' ? [options.topic] : [];
    const topic = typeof options.topic === 'string' ? `topic ${options.topic}` : 'a topic for each element';
    this.description = `${topic}; ${guarantee.kind}`;
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

/** @throws WrongOptions */
function requireRecords<T>(options: LogSinkRecordOptions<T>): void {
  const { topic, record } = options;
  if (record !== undefined) {
    if (topic !== undefined)
      throw wrongOption('sink', 'topic and record exclude each other: the record function names the topic.');
    requireFunction('record', record);
    return;
  }
  readOptions('kafkaSink', {
    topic: () => {
      if (topic === '' || topic === undefined)
        throw wrongOption(
          'sink',
          'topic is empty: name a topic, or build each record with a record function.',
        );
      if (typeof topic !== 'string') requireFunction('topic', topic);
    },
    value: () =>
      requireMethod(options.value, 'encode', "A sink's option value takes a codec, such as json()"),
    key: () => requireFunction('key', options.key),
    headers: () => requireFunction('headers', options.headers),
    timestamp: () => requireFunction('timestamp', options.timestamp),
    partition: () => requireFunction('partition', options.partition),
  });
}

function requireFunction(name: string, given: unknown): void {
  if (given === undefined || typeof given === 'function') return;
  throw wrongOption('sink', `${name} is ${JSON.stringify(given)}: give a function of the element.`);
}

function requirePartitioner<T>(partitioner: Partitioner<T> | undefined): void {
  if (partitioner === undefined) return;
  const takes = "A sink's option partitioner takes a partitioner, such as roundRobinPartitioner()";
  requireMethod(partitioner, 'partition', takes);
}
