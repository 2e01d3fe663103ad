import { kafkaAvailable, startKafkaBroker } from '../../test/kafka-broker/kafka-broker.js';

/** The log that a benchmark reads from; undefined brokers mean the embedded log. */
export interface BenchLog {
  readonly name: 'embedded log' | 'Kafka';
  readonly brokers: readonly string[] | undefined;
  stop(): Promise<void>;
}

export const embeddedLog: BenchLog = { name: 'embedded log', brokers: undefined, stop: async () => {} };

/** The broker of KAFKA_BROKERS, or one of its own. Undefined where neither can be had. */
export async function kafkaLog(): Promise<BenchLog | undefined> {
  if (!kafkaAvailable()) return undefined;
  const broker = await startKafkaBroker();
  return { name: 'Kafka', brokers: broker.brokers, stop: () => broker.stop() };
}
