import { kafkaAvailable, startKafkaBroker } from '../../test/kafka-broker/kafka-broker.js';

/** The log that a benchmark reads from; undefined brokers mean the embedded log. */
export interface BenchLog {
  readonly name: 'embedded log' | 'Kafka';
  readonly brokers: readonly string[] | undefined;
  stop(): Promise<void>;
}

/** The log that `--log` names. @throws Error when there is none of that name, or no Kafka. */
export async function openBenchLog(name: string): Promise<BenchLog> {
  if (name === 'embedded') return embeddedLog;
  if (name === 'kafka') return requiredKafkaLog();
  throw new Error(`There is no log ${name}: --log is kafka or embedded.`);
}

export const embeddedLog: BenchLog = { name: 'embedded log', brokers: undefined, stop: async () => {} };

export interface KafkaBenchLog extends BenchLog {
  readonly brokers: readonly string[];
}

/** @throws Error where there is no broker and none can be started. */
export async function requiredKafkaLog(): Promise<KafkaBenchLog> {
  const log = await kafkaLog();
  if (log !== undefined) return log;
  throw new Error('There is no Kafka: name a broker in KAFKA_BROKERS, or install Java and Maven.');
}

/** The broker of KAFKA_BROKERS, or one of its own. Undefined where neither can be had. */
export async function kafkaLog(): Promise<KafkaBenchLog | undefined> {
  if (!kafkaAvailable()) return undefined;
  const broker = await startKafkaBroker();
  return { name: 'Kafka', brokers: broker.brokers, stop: () => broker.stop() };
}
