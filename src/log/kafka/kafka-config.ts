import type { ConnectionOptions } from 'node:tls';
import { LogError } from '../log-port.js';

/** How to reach a Kafka cluster, and how patiently. Times and sizes have defaults that suit most. */
export interface KafkaConfig {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  /** Names this client in the brokers' logs and quotas. */
  readonly clientId?: string;
  /** `true` for TLS with the system's certificates, or Node's options for it. */
  readonly ssl?: boolean | ConnectionOptions;
  readonly sasl?: KafkaSasl;
  /** For one connection, its authentication included. */
  readonly connectionTimeoutMs?: number;
  /** For one answer; the connection is given up after it. */
  readonly requestTimeoutMs?: number;
  /** How long the first contact with any broker is tried for. */
  readonly bootstrapTimeoutMs?: number;
  /** How long an append, a read or an administrative request is retried for before it is an error. */
  readonly deliveryTimeoutMs?: number;
  /** How long a broker may hold a fetch while a partition has nothing new. */
  readonly fetchMaxWaitMs?: number;
  /** Of one partition in one fetch. */
  readonly partitionFetchBytes?: number;
  /** A batch is sent when it has this size, or earlier, when its partition is free. */
  readonly batchBytes?: number;
  /** How long a batch that is not full waits for more records. A flush does not wait. */
  readonly lingerMs?: number;
}

export type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: 'oauthbearer';
      readonly oauthBearerProvider: () => Promise<{ readonly value: string }>;
    };

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** The configuration with nothing left open. */
export interface ResolvedKafkaConfig {
  readonly bootstrap: readonly BrokerAddress[];
  readonly clientId: string;
  readonly ssl: ConnectionOptions | undefined;
  readonly sasl: KafkaSasl | undefined;
  readonly connectionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly bootstrapTimeoutMs: number;
  readonly deliveryTimeoutMs: number;
  readonly fetchMaxWaitMs: number;
  readonly partitionFetchBytes: number;
  readonly batchBytes: number;
  readonly lingerMs: number;
}

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
    clientId: config.clientId ?? 'millrace',
    ssl: config.ssl === true ? {} : config.ssl === false ? undefined : config.ssl,
    sasl: config.sasl,
    connectionTimeoutMs: positive('connectionTimeoutMs', config.connectionTimeoutMs, 10_000),
    requestTimeoutMs: positive('requestTimeoutMs', config.requestTimeoutMs, 30_000),
    // Long enough for a broker that is starting beside the job, short enough to wait for at a terminal.
    bootstrapTimeoutMs: positive('bootstrapTimeoutMs', config.bootstrapTimeoutMs, 5_000),
    // Kafka's own default: longer than a leader election or a broker's restart takes.
    deliveryTimeoutMs: positive('deliveryTimeoutMs', config.deliveryTimeoutMs, 120_000),
    // A partition that has caught up joins the waiting fetch after at most this.
    fetchMaxWaitMs: positive('fetchMaxWaitMs', config.fetchMaxWaitMs, 100),
    // A thousand records of 1 KB: the cost of a request is spread thin, and partitions still take turns often.
    partitionFetchBytes: positive('partitionFetchBytes', config.partitionFetchBytes, 1024 * 1024),
    // A quarter of what a broker takes by default, so that a batch of long records still passes.
    batchBytes: positive('batchBytes', config.batchBytes, 256 * 1024),
    // The Java client's default since Kafka 4.0: a request costs as much as dozens of records.
    lingerMs: positive('lingerMs', config.lingerMs, 5),
  };
  if (mistakes.length > 0) {
    throw new LogError('invalid-configuration', `The Kafka configuration is wrong: ${mistakes.join('; ')}.`);
  }
  return resolved;
}

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
