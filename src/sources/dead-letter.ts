import type { LogBatch, RecordHeader } from '../log/log-port.js';
import type { BatchingSinkOptions } from '../sinks/batching-sink-options.js';
import type { AppendingSinkOptions, TransactionalSinkOptions } from '../sinks/delivery-guarantee.js';

/**
 * Where records that can't be decoded are put aside. Without a `deliveryGuarantee` they are written with that of
 * the job: exactly-once where a kafkaSink of it is, with the prefix they name, or else that sink's, a hyphen and
 * `<the source's uid>-dead-letters`, and otherwise at-least-once.
 */
export type DeadLetterOptions = (AppendingSinkOptions | TransactionalSinkOptions) &
  BatchingSinkOptions & {
    /**
     * The topic; it must exist. Its records have the key, value, headers and time of those that can't be
     * decoded, and five more headers, each a text: `millrace.topic`, `millrace.partition`, `millrace.offset`,
     * `millrace.reason` and `millrace.source` (the operator's name).
     */
    readonly deadLetter: string;
  };

/** A record that could not be decoded, as it was in the log. */
export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Epoch ms. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** Why it could not be decoded. */
  readonly reason: string;
  /** The source's name. */
  readonly source: string;
}

/** The side output of a source that its dead letters go to. */
export const deadLetterOutput = 'dead-letters';

/** A codec's message may quote the value it refused; a header is no place for a megabyte. */
const reasonCharsMax = 1_000;

/** Of the batch's current record, with copies of its bytes. */
export function deadLetterOf(batch: LogBatch, cause: unknown, source: string): DeadLetter {
  const { topic, partition, offset, timestamp, bytes } = batch;
  const copy = (start: number, end: number): Uint8Array | null =>
    start < 0 ? null : new Uint8Array(bytes.subarray(start, end));
  const reason = cause instanceof Error ? cause.message : String(cause);
  return {
    topic,
    partition,
    offset,
    timestamp,
    key: copy(batch.keyStart, batch.keyEnd),
    value: copy(batch.valueStart, batch.valueEnd),
    headers: batch.headers().map(({ key, value }) => ({ key, value: value && new Uint8Array(value) })),
    reason: reason.slice(0, reasonCharsMax),
    source,
  };
}
