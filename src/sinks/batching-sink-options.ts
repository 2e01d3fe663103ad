import { type Duration, durationMs } from '../api/duration.js';
import {
  type KafkaSinkProperties,
  readOperatorProperties,
} from '../log/kafka/settings/operator-properties.js';
import type { PropertyReader } from '../log/kafka/settings/property-reader.js';
import {
  propertyNames,
  readBatchSettings,
  readRequestSettings,
} from '../log/kafka/settings/request-properties.js';
import type { AppendSettings } from '../log/log-port.js';
import { type Compression, compressions } from '../log/request-settings.js';
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
  /** Settings of Kafka's producer under its own names, `{ 'delivery.timeout.ms': 60_000 }`; they win over the command's. */
  readonly properties?: KafkaSinkProperties;
}

/** How the records of a sink travel, and how long a transaction of it may be open. */
export interface SinkSettings {
  readonly batching: AppendSettings;
  /** Undefined where neither an option nor a property says it. */
  readonly transactionTimeoutMs: number | undefined;
}

/** @throws MillraceError naming the first option that is wrong, or all properties that are. */
export function sinkSettings(
  options: BatchingSinkOptions & { readonly transactionTimeout?: Duration },
): SinkSettings {
  const given = checkedOptions(options);
  const { transactionTimeout } = options;
  const timeoutMs =
    transactionTimeout === undefined
      ? undefined
      : durationMs(transactionTimeout, "A sink's option transactionTimeout");
  return readOperatorProperties('kafkaSink', options.properties ?? {}, (properties) => ({
    batching: { ...readRequestSettings(properties), ...agreedBatching(properties, given) },
    transactionTimeoutMs: properties.agreed(
      transactionTimeoutName,
      properties.wholeNumber(transactionTimeoutName, 1, 2_147_483_647),
      'transactionTimeout',
      timeoutMs,
    ),
  }));
}

const transactionTimeoutName = 'transaction.timeout.ms';

type BatchingOptions = Pick<AppendSettings, 'compression' | 'lingerMs' | 'batchBytes' | 'requestBytes'>;

function agreedBatching(properties: PropertyReader, given: BatchingOptions): AppendSettings {
  const settings = readBatchSettings(properties);
  const { compression, lingerMs, batchBytes, requestBytes } = propertyNames;
  return {
    ...settings,
    compression: properties.agreed(compression, settings.compression, 'compression', given.compression),
    lingerMs: properties.agreed(lingerMs, settings.lingerMs, 'linger', given.lingerMs),
    batchBytes: properties.agreed(batchBytes, settings.batchBytes, 'batchBytes', given.batchBytes),
    requestBytes: properties.agreed(requestBytes, settings.requestBytes, 'requestBytes', given.requestBytes),
  };
}

function checkedOptions(options: BatchingSinkOptions): BatchingOptions {
  const { compression, linger, batchBytes, requestBytes } = options;
  if (compression !== undefined && !compressions.includes(compression))
    throw badOption(`compression is ${JSON.stringify(compression)}: give ${compressions.join(', ')}.`);
  return {
    compression,
    lingerMs: linger === undefined ? undefined : durationMs(linger, "A sink's option linger"),
    batchBytes: byteCount('batchBytes', batchBytes),
    requestBytes: byteCount('requestBytes', requestBytes),
  };
}

function byteCount(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return value;
  throw badOption(`${name} is ${value}: give a whole number of bytes above 0.`);
}

function badOption(message: string): MillraceError {
  return new MillraceError(`A sink's option ${message}`, { domain: 'user-code', action: 'fail-job' });
}
