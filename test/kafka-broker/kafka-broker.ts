import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Compression } from '../../src/log/log-port.js';
import { BrokerProcess, type KafkaBrokerOptions } from './broker-process.js';
import { kafkaClassPath } from './kafka-distribution.js';
import {
  type ConsoleConsumerOptions,
  type ConsoleProducerRecord,
  type ConsoleRecord,
  listTransactions,
  readWithConsoleConsumer,
  type TransactionListing,
  writeWithConsoleProducer,
} from './kafka-tools.js';

export { saslUser } from './broker-process.js';
export { kafkaAvailable } from './kafka-distribution.js';

/** A real Apache Kafka, one KRaft node on ports of its own, or the one that KAFKA_BROKERS names. */
export interface KafkaBroker {
  /** `host:port` of each broker. */
  readonly brokers: string[];
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
  /** Reads a topic to its end with Java's console consumer: a reader that shares no code with ours. */
  consoleConsumer(topic: string, options?: ConsoleConsumerOptions): Promise<ConsoleRecord[]>;
  /** Writes with Java's console producer. */
  consoleProducer(
    topic: string,
    records: readonly ConsoleProducerRecord[],
    compression: Compression,
  ): Promise<void>;
  /** Every transactional id that the broker knows, by Java's kafka-transactions tool. */
  describeTransactions(): Promise<TransactionListing[]>;
}

export async function startKafkaBroker(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const running = process.env.KAFKA_BROKERS;
  if (running !== undefined && running !== '') return externalBroker(running.split(','));
  const classPath = await kafkaClassPath();
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'));
  const broker = await BrokerProcess.format(classPath, folder, options);
  await broker.start();
  return {
    ...toolsOf([broker.address]),
    brokers: [broker.address],
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
    ...toolsOf(brokers),
    brokers,
    saslBrokers: [],
    proxiedAddress: undefined,
    stop: async () => {},
    kill: async () => refuse(),
    restart: async () => refuse(),
    pause: refuse,
    resume: refuse,
  };
}

function toolsOf(
  brokers: string[],
): Pick<KafkaBroker, 'consoleConsumer' | 'consoleProducer' | 'describeTransactions'> {
  return {
    consoleConsumer: (topic, options) => readWithConsoleConsumer(brokers, topic, options),
    consoleProducer: (topic, records, compression) =>
      writeWithConsoleProducer(brokers, topic, records, compression),
    describeTransactions: () => listTransactions(brokers),
  };
}
