import type { ValueCodec } from '../codecs/value-codec.js';
import type { Clock } from '../host/clock.js';
import type { LogRecord } from '../log/log-port.js';
import {
  checkedPartition,
  checkedTopic,
  emptyRecord,
  headerList,
  keyBytes,
  type MutableLogRecord,
  noRecord,
  type ProducerHeader,
  type RecordEncoder,
  recordTimestamp,
} from './record-encoder.js';

/** How an element becomes a record of the log, field by field. */
export interface LogRecordMapping<T> {
  /** One topic, or the topic of each element. Topics are not created. */
  readonly topic: string | ((value: T) => string);
  readonly value: ValueCodec<T>;
  /** The record's key, text in UTF-8 or bytes; without it records have none. */
  readonly key?: ((value: T) => string | Uint8Array | null) | undefined;
  readonly headers?: ((value: T) => readonly ProducerHeader[]) | undefined;
  /** Epoch ms; by default the element's event time, and the wall clock's for elements without one. */
  readonly timestamp?: ((value: T) => number) | undefined;
  /** The partition's number; undefined leaves it to the partitioner. */
  readonly partition?: ((value: T) => number | undefined) | undefined;
}

/** Encodes elements by functions and a codec, one for each field of the record. */
export class LogRecordEncoder<T> implements RecordEncoder<T> {
  private readonly mapping: LogRecordMapping<T>;
  private readonly operatorName: string;
  private readonly clock: Clock;
  private readonly fixedTopic: string | undefined;
  private readonly record: MutableLogRecord = emptyRecord();

  constructor(mapping: LogRecordMapping<T>, operatorName: string, clock: Clock) {
    this.mapping = mapping;
    this.operatorName = operatorName;
    this.clock = clock;
    this.fixedTopic = typeof mapping.topic === 'string' ? mapping.topic : undefined;
  }

  encode(value: T, timestamp: number): LogRecord {
    const { record, mapping } = this;
    try {
      record.topic = this.fixedTopic ?? this.selectTopic(value);
      record.key = mapping.key === undefined ? null : keyBytes(mapping.key(value));
      record.partition =
        mapping.partition === undefined ? undefined : checkedPartition(mapping.partition(value));
      if (mapping.headers !== undefined) record.headers = headerList(mapping.headers(value));
      record.timestamp = recordTimestamp(mapping.timestamp?.(value) ?? timestamp, this.clock);
      record.value = mapping.value.encode(value);
    } catch (cause) {
      throw noRecord(this.operatorName, cause);
    }
    record.element = value;
    return record;
  }

  private selectTopic(value: T): string {
    const { topic } = this.mapping;
    return typeof topic === 'string' ? topic : checkedTopic(topic(value));
  }
}
