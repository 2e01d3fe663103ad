import { type Duration, durationMs } from '../api/duration.js';
import { wrongOption } from '../api/read-options.js';
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
import {
  type AppendingSinkOptions,
  type DeliveryGuarantee,
  deliveryGuarantee,
  type TransactionalSinkOptions,
} from './delivery-guarantee.js';

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

/** What a sink's options and its properties under Kafka's names say together. */
export interface SinkSettings {
  readonly batching: AppendSettings;
  readonly guarantee: DeliveryGuarantee;
}

/** @throws WrongOptions naming every option and property that is wrong. */
export function sinkSettings(
  options: BatchingSinkOptions & (AppendingSinkOptions | TransactionalSinkOptions),
): SinkSettings {
  return readOperatorProperties('kafkaSink', options.properties ?? {}, (properties) => {
    const batching = { ...readRequestSettings(properties), ...agreedBatching(properties, options) };
    const timeout = 'transactionTimeout' in options ? options.transactionTimeout : undefined;
    const timeoutMs = properties.agreed(
      transactionTimeoutName,
      properties.wholeNumber(transactionTimeoutName, 1, 2_147_483_647),
      'transactionTimeout',
      properties.option(() => transactionTimeoutMs(timeout)),
    );
    return {
      batching,
      guarantee: properties.option(() => deliveryGuarantee(options, timeoutMs)) ?? { kind: 'at-least-once' },
    };
  });
}

const transactionTimeoutName = 'transaction.timeout.ms';

function agreedBatching(properties: PropertyReader, options: BatchingSinkOptions): AppendSettings {
  const given = {
    compression: properties.option(() => codec(options.compression)),
    lingerMs: properties.option(() => optionalMs('linger', options.linger)),
    batchBytes: properties.option(() => byteCount('batchBytes', options.batchBytes)),
    requestBytes: properties.option(() => byteCount('requestBytes', options.requestBytes)),
  };
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

function codec(compression: Compression | undefined): Compression | undefined {
  if (compression === undefined || compressions.includes(compression)) return compression;
  throw wrongOption(
    'sink',
    `compression is ${JSON.stringify(compression)}: give ${compressions.join(', ')}.`,
  );
}

function optionalMs(name: string, duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : durationMs(duration, `A sink's option ${name}`);
}

function transactionTimeoutMs(timeout: Duration | undefined): number | undefined {
  const timeoutMs = optionalMs('transactionTimeout', timeout);
  if (timeoutMs !== 0) return timeoutMs;
  throw wrongOption('sink', 'transactionTimeout is 0: give the time that a restart may take, and more.');
}

function byteCount(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return value;
  throw wrongOption('sink', `${name} is ${value}: give a whole number of bytes above 0.`);
}
