import { describe } from 'vitest';
import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import { kafkaAvailable, startKafkaBroker } from '../kafka-broker/kafka-broker.js';
import { describeLogContract } from '../log/log-contract.js';

describe.skipIf(!kafkaAvailable())('on a real broker', () => {
  describeLogContract('Apache Kafka', async () => {
    const broker = await startKafkaBroker();
    return {
      openClient: async () => createKafkaLogClient({ brokers: broker.brokers }),
      close: () => broker.stop(),
    };
  });
});
