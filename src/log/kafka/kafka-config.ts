import { LogError } from '../log-port.js';
import type { BatchSettings, FetchSettings, RequestSettings } from '../request-settings.js';
import type { KafkaSasl, KafkaSsl } from './kafka-security.js';

/**
 * How to reach a Kafka cluster, and how patiently. Times and sizes have defaults that suit most; a reader or an
 * appender may have others of its own.
 */
export interface KafkaConfig extends RequestSettings, FetchSettings, BatchSettings {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  /** Undefined: without TLS. */
  readonly ssl?: KafkaSsl | undefined;
  /** Undefined: without credentials. */
  readonly sasl?: KafkaSasl | undefined;
  /** For one connection, its authentication included. */
  readonly connectionTimeoutMs?: number | undefined;
  /** How long the first contact with any broker is tried for. */
  readonly bootstrapTimeoutMs?: number | undefined;
}

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** The configuration with nothing left open. */
export interface ResolvedKafkaConfig {
  readonly bootstrap: readonly BrokerAddress[];
  readonly ssl: KafkaSsl | undefined;
  readonly sasl: KafkaSasl | undefined;
  readonly connectionTimeoutMs: number;
  readonly bootstrapTimeoutMs: number;
  readonly requests: NoneOpen<RequestSettings>;
  readonly fetches: NoneOpen<FetchSettings>;
  readonly batches: BatchDefaults;
}

/** `requestBytes` stays open where nobody sets it: a request is then bounded, and a record alone may pass the bound. */
export type BatchDefaults = NoneOpen<Omit<BatchSettings, 'requestBytes'>> &
  Pick<BatchSettings, 'requestBytes'>;

/** Every setting has a value. */
export type NoneOpen<Settings> = { readonly [name in keyof Settings]-?: NonNullable<Settings[name]> };

/** @throws LogError `invalid-configuration`, naming every mistake. */
export function resolveKafkaConfig(config: KafkaConfig): ResolvedKafkaConfig {
  const mistakes: string[] = [];
  if (config.brokers.length === 0) mistakes.push('no broker is named');
  const bootstrap = config.brokers.map((broker) => parseAddress(broker, mistakes));
  const positive = (name: string, value: number | undefined, fallback: number): number => {
    if (value !== undefined && !(value > 0)) mistakes.push(`${name} must be above 0, not ${value}`);
    return value ?? fallback;
  };
  const resolved: ResolvedKafkaConfig = {
    bootstrap,
    ssl: config.ssl,
    sasl: config.sasl,
    connectionTimeoutMs: positive('connectionTimeoutMs', config.connectionTimeoutMs, 10_000),
    // Long enough for a broker that is starting beside the job, short enough to wait for at a terminal.
    bootstrapTimeoutMs: positive('bootstrapTimeoutMs', config.bootstrapTimeoutMs, 5_000),
    requests: filledIn(config, requestDefaults),
    fetches: filledIn(config, fetchDefaults),
    batches: { ...filledIn(config, batchDefaults), requestBytes: config.requestBytes },
  };
  positive('requestTimeoutMs', config.requestTimeoutMs, 0);
  positive('deliveryTimeoutMs', config.deliveryTimeoutMs, 0);
  if (mistakes.length > 0) {
    throw new LogError('invalid-configuration', `The Kafka configuration is wrong: ${mistakes.join('; ')}.`);
  }
  return resolved;
}

/**
 * For a client that is opened when another one has reached the cluster already: brokers that do not answer now
 * are away for a while, and are waited for as at any other time.
 */
export function ofReachedCluster(config: KafkaConfig): KafkaConfig {
  return { ...config, bootstrapTimeoutMs: config.deliveryTimeoutMs ?? requestDefaults.deliveryTimeoutMs };
}

/** The given settings, and the defaults where they leave something open. */
export function filledIn<Settings extends object>(
  given: { readonly [name in keyof Settings]?: Settings[name] | undefined },
  defaults: Settings,
): Settings {
  const names = Object.keys(defaults) as (keyof Settings)[];
  return Object.fromEntries(names.map((name) => [name, given[name] ?? defaults[name]])) as Settings;
}

const requestDefaults: NoneOpen<RequestSettings> = {
  clientId: 'millrace',
  requestTimeoutMs: 30_000,
  // Kafka's own default: longer than a leader election or a broker's restart takes.
  deliveryTimeoutMs: 120_000,
  // A leader's move takes some ten milliseconds.
  retryBackoffMs: 20,
  // So that a recovery is noticed within a second.
  retryBackoffMaxMs: 1_000,
};

const fetchDefaults: NoneOpen<FetchSettings> = {
  fetchMinBytes: 1,
  // A partition that has caught up joins the waiting fetch after at most this.
  fetchMaxWaitMs: 100,
  // Kafka's own; the readers' budgets are smaller.
  fetchMaxBytes: 50 * 1024 * 1024,
  // A thousand records of 1 KB: the cost of a request is spread thin, and partitions still take turns often.
  partitionFetchBytes: 1024 * 1024,
};

const batchDefaults: NoneOpen<Omit<BatchSettings, 'requestBytes'>> = {
  compression: 'none',
  // The Java client's default since Kafka 4.0: a request costs as much as dozens of records.
  lingerMs: 5,
  // A quarter of what a broker takes by default, so that a batch of long records still passes.
  batchBytes: 256 * 1024,
  // The time is what bounds them.
  retries: Number.MAX_SAFE_INTEGER,
};

/** `host:port`, with brackets around an IPv6 host. */
function parseAddress(broker: string, mistakes: string[]): BrokerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d+)$/.exec(broker.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port > 0 && port < 65_536)) {
    mistakes.push(`broker '${broker}' is not of the form HOST:PORT, such as localhost:9092`);
    return { host: '', port: 0 };
  }
  return { host, port };
}
