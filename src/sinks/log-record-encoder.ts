import type { ValueCodec } from '../codecs/value-codec.js';
import type { Clock } from '../host/clock.js';
import type { LogRecord } from '../log/log-port.js';
import { MillraceError } from '../protocol/failures.js';

/** How an element becomes a record of the log. */
export interface LogRecordMapping<T> {
  readonly topic: string | ((value: T) => string);
  readonly value: ValueCodec<T>;
  /** Text is encoded in UTF-8; null for no key. */
  readonly key: ((value: T) => string | Uint8Array | null) | undefined;
  /** The partition's number; undefined leaves it to the log, which goes by the key. */
  readonly partitioner: ((value: T) => number | undefined) | undefined;
}

/** Encodes elements, one at a time, into one record that it uses again: appenders copy what they are given. */
export class LogRecordEncoder<T> {
  private readonly mapping: LogRecordMapping<T>;
  private readonly operatorName: string;
  private readonly clock: Clock;
  private readonly fixedTopic: string | undefined;
  private readonly record: MutableLogRecord = {
    topic: '',
    partition: undefined,
    key: null,
    value: null,
    timestamp: 0,
  };

  constructor(mapping: LogRecordMapping<T>, operatorName: string, clock: Clock) {
    this.mapping = mapping;
    this.operatorName = operatorName;
    this.clock = clock;
    this.fixedTopic = typeof mapping.topic === 'string' ? mapping.topic : undefined;
  }

  /** Valid until the next call. @throws MillraceError when the element has no such record. */
  encode(value: T, timestamp: number): LogRecord {
    const { record } = this;
    try {
      record.topic = this.fixedTopic ?? this.selectTopic(value);
      record.key = this.encodeKey(value);
      record.partition = this.selectPartition(value);
      record.value = this.mapping.value.encode(value);
    } catch (cause) {
      throw new MillraceError(
        `Sink "${this.operatorName}" can't make a record of an element: ${cause instanceof Error ? cause.message : String(cause)}`,
        { domain: 'user-code', action: 'restart', cause },
      );
    }
    // Kafka takes no time before 1970, so such an element, like one without event time, gets the wall clock's.
    record.timestamp = timestamp >= 0 ? timestamp : this.clock.epochMs();
    return record;
  }

  private selectTopic(value: T): string {
    const { topic } = this.mapping;
    const selected: unknown = typeof topic === 'string' ? topic : topic(value);
    if (typeof selected === 'string' && selected !== '') return selected;
    throw new TypeError(`the topic function answered ${JSON.stringify(selected)}; it must name a topic.`);
  }

  private encodeKey(value: T): Uint8Array | null {
    if (this.mapping.key === undefined) return null;
    const key: unknown = this.mapping.key(value);
    if (typeof key === 'string') return Buffer.from(key, 'utf8');
    if (key === null || key instanceof Uint8Array) return key;
    throw new TypeError(`the key function answered ${typeof key}; it must answer text, bytes or null.`);
  }

  private selectPartition(value: T): number | undefined {
    const partition: unknown = this.mapping.partitioner?.(value);
    if (partition === undefined) return undefined;
    if (typeof partition === 'number' && Number.isSafeInteger(partition) && partition >= 0) return partition;
    throw new TypeError(
      `the partitioner answered ${String(partition)}; it must answer a partition's number or undefined.`,
    );
  }
}

type MutableLogRecord = { -readonly [K in keyof LogRecord]: LogRecord[K] };
