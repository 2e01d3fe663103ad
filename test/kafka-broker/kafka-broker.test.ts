import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KafkaBroker, kafkaAvailable, startKafkaBroker } from './kafka-broker.js';

describe.skipIf(!kafkaAvailable())('the broker for tests', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafkaBroker();
  });
  afterAll(() => broker?.stop());

  it("is read back by Java's console consumer, committed records only", async () => {
    const topic = `console-${process.pid}-${Date.now()}`;
    const kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
    await admin.disconnect();
    const producer = kafka.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    for (const [value, ending] of [
      ['kept', 'commit'],
      ['dropped', 'abort'],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ key: null, value }] });
      await transaction[ending]();
    }
    await producer.disconnect();
    expect(await broker.consoleConsumer(topic)).toEqual([
      { partition: 0, offset: 0, key: null, value: 'kept' },
    ]);
    const all = await broker.consoleConsumer(topic, { isolation: 'read_uncommitted' });
    expect(all.map((record) => record.value)).toEqual(['kept', 'dropped']);
    const states = await broker.describeTransactions();
    expect(states.find((t) => t.transactionalId === topic)?.state).toBe('CompleteAbort');
  });

  it.skipIf(process.env.KAFKA_BROKERS !== undefined)('comes back with its data after a kill', async () => {
    const kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
    const before = kafka.admin();
    await before.connect();
    await before.createTopics({ topics: [{ topic: 'survivor' }] });
    await before.disconnect();
    await broker.kill();
    await broker.restart();
    const after = kafka.admin();
    await after.connect();
    expect(await after.listTopics()).toContain('survivor');
    await after.disconnect();
  });
});
