import { isKafkaRequired, kafkaClassPath } from './kafka-distribution.js';

/**
 * Before any test where Kafka is required: on a new machine several test files would otherwise fetch it at
 * once, into one Maven repository, which does not bear that.
 */
export default async function fetchKafka(): Promise<void> {
  if (isKafkaRequired() && process.env.KAFKA_BROKERS === undefined) await kafkaClassPath();
}
