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

/** A record as a user's builder makes it. Text is encoded in UTF-8. */
export interface ProducerRecord {
  readonly topic: string;
  /** Null is a tombstone. */
  readonly value: string | Uint8Array | null;
  readonly key?: string | Uint8Array | null;
  readonly headers?: readonly ProducerHeader[];
  /** Epoch ms; by default the element's event time, and the wall clock's for elements without one. */
  readonly timestamp?: number;
  /** By default the partitioner's choice. */
  readonly partition?: number | undefined;
}

/** Makes a whole record of an element; `timestamp` is its event time, negative where it has none. */
export type RecordBuilder<T> = (value: T, timestamp: number) => ProducerRecord;

/** Encodes elements by one function that makes the whole record. */
export class BuiltRecordEncoder<T> implements RecordEncoder<T> {
  private readonly build: RecordBuilder<T>;
  private readonly operatorName: string;
  private readonly clock: Clock;
  private readonly record: MutableLogRecord = emptyRecord();

  constructor(build: RecordBuilder<T>, operatorName: string, clock: Clock) {
    this.build = build;
    this.operatorName = operatorName;
    this.clock = clock;
  }

  encode(value: T, timestamp: number): LogRecord {
    const { record } = this;
    try {
      const built = this.build(value, timestamp);
      record.topic = checkedTopic(built.topic);
      record.key = keyBytes(built.key ?? null);
      record.partition = checkedPartition(built.partition);
      record.headers = headerList(built.headers);
      record.timestamp = recordTimestamp(built.timestamp ?? timestamp, this.clock);
      record.value = valueBytes(built.value);
    } catch (cause) {
      throw noRecord(this.operatorName, cause);
    }
    record.element = value;
    return record;
  }
}

function valueBytes(value: unknown): Uint8Array | null {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (value === null || value instanceof Uint8Array) return value;
  throw new TypeError(`the record's value is ${typeof value}; it must be text, bytes or null.`);
}
