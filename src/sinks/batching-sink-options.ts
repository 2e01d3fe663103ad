import { type Duration, durationMs } from '../api/duration.js';
import type { AppendSettings, Compression } from '../log/log-port.js';
import { MillraceError } from '../protocol/failures.js';

/** How a sink's records travel. All but `compression` concern Kafka alone. */
export interface BatchingSinkOptions {
  /** Packs the records of a batch together (Kafka's `compression.type`); `'none'` by default. */
  readonly compression?: Compression;
  /** How long a batch that is not full waits for more records (`linger.ms`); `'5ms'` by default. A checkpoint does not wait. */
  readonly linger?: Duration;
  /** A batch is full with so many bytes, before compression (`batch.size`); 256 KB by default. */
  readonly batchBytes?: number;
  /**
   * Bytes of one request, before compression (`max.request.size`); 8 MB by default. A larger record fails the
   * job at once, with its size and key.
   */
  readonly requestBytes?: number;
}

/** @throws MillraceError naming the first option that is wrong. */
export function batchingOptions(options: BatchingSinkOptions): AppendSettings {
  const { compression, linger, batchBytes, requestBytes } = options;
  if (compression !== undefined && !(compression in compressions)) {
    throw badOption(
      `compression is ${JSON.stringify(compression)}: give ${Object.keys(compressions).join(', ')}.`,
    );
  }
  return {
    compression,
    lingerMs: linger === undefined ? undefined : durationMs(linger, "A sink's option linger"),
    batchBytes: byteCount('batchBytes', batchBytes),
    requestBytes: byteCount('requestBytes', requestBytes),
  };
}

/** An object, so that a codec that is added to the type is missed here by the compiler. */
const compressions: Readonly<Record<Compression, true>> = {
  none: true,
  gzip: true,
  snappy: true,
  lz4: true,
  zstd: true,
};

function byteCount(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return value;
  throw badOption(`${name} is ${value}: give a whole number of bytes above 0.`);
}

function badOption(message: string): MillraceError {
  return new MillraceError(`A sink's option ${message}`, { domain: 'user-code', action: 'fail-job' });
}
