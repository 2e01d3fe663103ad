import type { FieldFinder, ValueCodec } from '../codecs/value-codec.js';
import type { EncodedRecord, EncodedRecordDecoder } from '../exchange/encoded-record.js';
import type { RecordOrigin } from '../exchange/record-origin.js';
import type { LogBatch } from '../log/log-port.js';
import { MillraceError } from '../protocol/failures.js';
import type { EncodedRecords } from './source.js';

/** Turns a batch's current record into an element. */
export interface RecordDecoder<T> {
  decode(batch: LogBatch): T;
}

/** An element of a source that was given a codec for keys, too. */
export interface KeyedRecord<K, V> {
  readonly key: K;
  readonly value: V;
}

export class ValueDecoder<V> implements RecordDecoder<V>, EncodedRecords {
  private readonly value: ValueCodec<V>;

  constructor(value: ValueCodec<V>) {
    this.value = value;
  }

  decode({ bytes, valueStart, valueEnd }: EncodedRecord): V {
    return decodeField(this.value, 'value', bytes, valueStart, valueEnd);
  }

  stringFinder(name: string): FieldFinder<string> | undefined {
    return this.value.stringFinder?.(name);
  }

  integerFinder(name: string): FieldFinder<number> | undefined {
    return this.value.integerFinder?.(name);
  }

  /** For where a record that can't be decoded fails the job: elsewhere it would have to go back to its source. */
  decoder(operatorName: string): EncodedRecordDecoder {
    return {
      decode: (record, origin) => {
        try {
          return this.decode(record);
        } catch (error) {
          throw undecodableRecord(operatorName, record, origin, error);
        }
      },
    };
  }
}

export class KeyedRecordDecoder<K, V> implements RecordDecoder<KeyedRecord<K, V>> {
  private readonly key: ValueCodec<K>;
  private readonly value: ValueCodec<V>;

  constructor(key: ValueCodec<K>, value: ValueCodec<V>) {
    this.key = key;
    this.value = value;
  }

  decode(batch: LogBatch): KeyedRecord<K, V> {
    return {
      key: decodeField(this.key, 'key', batch.bytes, batch.keyStart, batch.keyEnd),
      value: decodeField(this.value, 'value', batch.bytes, batch.valueStart, batch.valueEnd),
    };
  }
}

/** Start -1 is a null. */
export function decodeField<T>(
  codec: ValueCodec<T>,
  field: 'key' | 'value',
  bytes: Buffer,
  start: number,
  end: number,
): T {
  if (start >= 0) return codec.decode(bytes, start, end);
  if (codec.decodeNull !== undefined) return codec.decodeNull();
  throw new TypeError(
    `The ${field} is null (a tombstone, or a key that is missing); nullable(codec) accepts it.`,
  );
}

/** The failure of an attempt that met a record it can't read. */
export function undecodableRecord(
  operatorName: string,
  record: EncodedRecord,
  { split, position }: RecordOrigin,
  cause: unknown,
): MillraceError {
  return new MillraceError(
    `Source "${operatorName}" can't decode the record at ${split} ${position}: ${causeMessage(cause)} Its value begins with ${valuePreview(record)}. Correct the codec, or leave such records out with onUndecodable: 'skip', or put them aside with { deadLetter: 'a topic' }.`,
    // Another attempt would meet the same bytes.
    { domain: 'outside-system', action: 'fail-job', cause },
  );
}

/** Enough to recognise a record by, and never a whole one in a log. */
const previewBytesMax = 60;

const unprintable = /[^\x20-\x7e]/;

function valuePreview({ bytes, valueStart, valueEnd }: EncodedRecord): string {
  if (valueStart < 0) return 'nothing: it is null';
  if (valueStart === valueEnd) return 'nothing: it is empty';
  const previewEnd = Math.min(valueEnd, valueStart + previewBytesMax);
  const text = bytes.toString('latin1', valueStart, previewEnd);
  const rest = previewEnd < valueEnd ? ' …' : '';
  // Bytes that no terminal shows are given in hex.
  return unprintable.test(text)
    ? `the bytes ${bytes.toString('hex', valueStart, previewEnd)}${rest}`
    : `${JSON.stringify(text)}${rest}`;
}

function causeMessage(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
