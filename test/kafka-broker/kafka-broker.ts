import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerProcess } from './broker-process.js';
import type { ExtraListener } from './broker-properties.js';
import { kafkaClassPath } from './kafka-distribution.js';
import { type KafkaTools, kafkaTools } from './kafka-tools.js';

export { kafkaAvailable } from './kafka-distribution.js';
export { saslUser } from './sasl-user.js';

/** A real Apache Kafka, one KRaft node on ports of its own, or the one that KAFKA_BROKERS names. */
export interface KafkaBroker extends KafkaTools {
  /** The same brokers where they want the credentials of `saslUser`; empty for a broker from KAFKA_BROKERS. */
  readonly saslBrokers: string[];
  /** Where the proxy at `proxyPort` forwards to; undefined for a broker from KAFKA_BROKERS. */
  readonly proxiedAddress: string | undefined;
  /** Ends the broker and removes its data. Leaves a broker from KAFKA_BROKERS alone. */
  stop(): Promise<void>;
  /** SIGKILL; its data stays for `restart`. */
  kill(): Promise<void>;
  /** Starts a killed broker again on the same address and data. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers, until `resume`. */
  pause(): void;
  resume(): void;
}

export interface KafkaBrokerOptions {
  /** Lines for `server.properties`, over the defaults. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Where a proxy listens: clients that come through it are led back to it, not past it. */
  readonly proxyPort?: number;
  readonly listeners?: readonly ExtraListener[];
  readonly jvmOptions?: readonly string[];
}

export async function startKafkaBroker(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const running = process.env.KAFKA_BROKERS;
  if (running !== undefined && running !== '') return externalBroker(running.split(','));
  const classPath = await kafkaClassPath();
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'));
  const { proxyPort, ...others } = options;
  const [broker] = await BrokerProcess.format(classPath, folder, {
    ...others,
    ...(proxyPort !== undefined && { proxyPorts: [proxyPort] }),
  });
  if (broker === undefined) throw new Error('No broker was formatted.');
  await broker.start();
  return {
    ...kafkaTools([broker.address]),
    saslBrokers: [broker.saslAddress],
    proxiedAddress: broker.proxiedAddress,
    stop: async () => {
      await broker.kill();
      await rm(folder, { recursive: true, force: true });
    },
    kill: () => broker.kill(),
    restart: () => broker.start(),
    pause: () => broker.signal('SIGSTOP'),
    resume: () => broker.signal('SIGCONT'),
  };
}

function externalBroker(brokers: string[]): KafkaBroker {
  const refuse = (): never => {
    throw new Error('The broker of KAFKA_BROKERS is not ours to stop; unset KAFKA_BROKERS for this test.');
  };
  return {
    ...kafkaTools(brokers),
    saslBrokers: [],
    proxiedAddress: undefined,
    stop: async () => {},
    kill: async () => refuse(),
    restart: async () => refuse(),
    pause: refuse,
    resume: refuse,
  };
}
