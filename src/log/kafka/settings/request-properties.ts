import {
  type BatchSettings,
  compressions,
  type FetchSettings,
  type RequestSettings,
} from '../../request-settings.js';
import type { PropertyReader } from './property-reader.js';

/** The settings that a source, a sink or a whole job may have, each with Kafka's name for it. */
export const propertyNames = {
  clientId: 'client.id',
  requestTimeoutMs: 'request.timeout.ms',
  deliveryTimeoutMs: 'delivery.timeout.ms',
  retryBackoffMs: 'retry.backoff.ms',
  retryBackoffMaxMs: 'retry.backoff.max.ms',
  fetchMinBytes: 'fetch.min.bytes',
  fetchMaxWaitMs: 'fetch.max.wait.ms',
  fetchMaxBytes: 'fetch.max.bytes',
  partitionFetchBytes: 'max.partition.fetch.bytes',
  compression: 'compression.type',
  lingerMs: 'linger.ms',
  batchBytes: 'batch.size',
  requestBytes: 'max.request.size',
  retries: 'retries',
} as const satisfies Record<keyof (RequestSettings & FetchSettings & BatchSettings), string>;

export function readRequestSettings(properties: PropertyReader): RequestSettings {
  const settings = {
    clientId: properties.text(propertyNames.clientId),
    requestTimeoutMs: properties.wholeNumber(propertyNames.requestTimeoutMs, 1, int32Max),
    deliveryTimeoutMs: properties.wholeNumber(propertyNames.deliveryTimeoutMs, 1, int32Max),
    retryBackoffMs: properties.wholeNumber(propertyNames.retryBackoffMs, 0, int32Max),
    retryBackoffMaxMs: properties.wholeNumber(propertyNames.retryBackoffMaxMs, 0, int32Max),
  };
  const { retryBackoffMs: firstMs, retryBackoffMaxMs: maxMs } = settings;
  if (firstMs !== undefined && maxMs !== undefined && firstMs > maxMs)
    properties.mistake(propertyNames.retryBackoffMs, `is above ${propertyNames.retryBackoffMaxMs}`);
  return settings;
}

export function readFetchSettings(properties: PropertyReader): FetchSettings {
  return {
    fetchMinBytes: properties.wholeNumber(propertyNames.fetchMinBytes, 1, int32Max),
    fetchMaxWaitMs: properties.wholeNumber(propertyNames.fetchMaxWaitMs, 0, int32Max),
    fetchMaxBytes: properties.wholeNumber(propertyNames.fetchMaxBytes, 1, int32Max),
    partitionFetchBytes: properties.wholeNumber(propertyNames.partitionFetchBytes, 1, int32Max),
  };
}

export function readBatchSettings(properties: PropertyReader): BatchSettings {
  return {
    compression: properties.oneOf(propertyNames.compression, compressions),
    lingerMs: properties.wholeNumber(propertyNames.lingerMs, 0, int32Max),
    batchBytes: properties.wholeNumber(propertyNames.batchBytes, 1, int32Max),
    requestBytes: properties.wholeNumber(propertyNames.requestBytes, 1, int32Max),
    retries: properties.wholeNumber(propertyNames.retries, 0, int32Max),
  };
}

/** What a field of the protocol can hold. */
const int32Max = 2_147_483_647;
