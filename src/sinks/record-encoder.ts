import type { Clock } from '../host/clock.js';
import type { LogRecord, RecordHeader } from '../log/log-port.js';
import { MillraceError } from '../protocol/failures.js';

/** Makes a record of the log of an element. */
export interface RecordEncoder<T> {
  /** Valid until the next call. @throws MillraceError when the element has no such record. */
  encode(value: T, timestamp: number): LogRecord;
}

/** A header as a sink's user gives it. */
export interface ProducerHeader {
  readonly key: string;
  /** Text is encoded in UTF-8. */
  readonly value: string | Uint8Array | null;
}

/** The one record that an encoder uses again and again: appenders copy what they are given. */
export type MutableLogRecord = { -readonly [K in keyof LogRecord]-?: Required<LogRecord>[K] };

export function emptyRecord(): MutableLogRecord {
  return {
    topic: '',
    partition: undefined,
    key: null,
    value: null,
    timestamp: 0,
    headers: noHeaders,
    element: undefined,
  };
}

/** Kafka takes no time before 1970, so such an element, like one without event time, gets the wall clock's. */
export function recordTimestamp(timestamp: unknown, clock: Clock): number {
  if (typeof timestamp !== 'number' || Number.isNaN(timestamp))
    throw new TypeError(`the timestamp is ${String(timestamp)}; it must be epoch milliseconds.`);
  return timestamp >= 0 ? Math.floor(timestamp) : clock.epochMs();
}

export function checkedTopic(topic: unknown): string {
  if (typeof topic === 'string' && topic !== '') return topic;
  throw new TypeError(`the topic function answered ${JSON.stringify(topic)}; it must name a topic.`);
}

export function keyBytes(key: unknown): Uint8Array | null {
  if (typeof key === 'string') return Buffer.from(key, 'utf8');
  if (key === null || key instanceof Uint8Array) return key;
  throw new TypeError(`the key function answered ${typeof key}; it must answer text, bytes or null.`);
}

export function checkedPartition(partition: unknown): number | undefined {
  if (partition === undefined) return undefined;
  if (typeof partition === 'number' && Number.isSafeInteger(partition) && partition >= 0) return partition;
  throw new TypeError(`the partition is ${String(partition)}; it must be a partition's number or undefined.`);
}

export function headerList(headers: readonly ProducerHeader[] | undefined): readonly RecordHeader[] {
  if (headers === undefined || headers.length === 0) return noHeaders;
  return headers.map(({ key, value }) => {
    const isBytes = value === null || value instanceof Uint8Array;
    if (typeof key !== 'string' || !(isBytes || typeof value === 'string')) {
      throw new TypeError(
        `a header is ${JSON.stringify({ key, value })}; its key must be text, its value text, bytes or null.`,
      );
    }
    return { key, value: isBytes ? value : Buffer.from(value, 'utf8') };
  });
}

export function noRecord(operatorName: string, cause: unknown): MillraceError {
  return new MillraceError(
    `Sink "${operatorName}" can't make a record of an element: ${cause instanceof Error ? cause.message : String(cause)}`,
    { domain: 'user-code', action: 'restart', cause },
  );
}

const noHeaders: readonly RecordHeader[] = [];
