import { Kafka, logLevel } from 'kafkajs';
import { EventGenerator } from '#dist/demo/event-generator.js';
import { createKafkaLogClient } from '#dist/log/kafka/kafka-log-client.js';
import { ClientMeter, type ClientOrder, type ClientReport } from './client-order.js';

/**
 * Writes events, encoded before, by key, and waits until all are acknowledged by all in-sync
 * replicas. Millrace's writes are idempotent as well.
 */
const order = JSON.parse(process.argv[2] ?? '') as ClientOrder;
const generator = new EventGenerator();
const messages = Array.from({ length: 10_000 }, (_, index) => {
  const event = generator.eventAt(index);
  const value = Buffer.from(JSON.stringify(event)).subarray(0, order.valueBytes);
  return { key: Buffer.from(event.user_id), value };
});

async function writeWithMillrace(): Promise<ClientReport> {
  const log = createKafkaLogClient({ brokers: [...order.brokers] });
  let wake = (): void => {};
  let failure: Error | undefined;
  const appender = log.openAppender({
    bufferBytes,
    onWritable: () => wake(),
    onError: (error) => {
      failure = error;
      wake();
    },
  });
  const { topic, records } = order;
  const timestamp = Date.now();
  const write = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      const { key, value } = messages[i % messages.length]!;
      appender.append({ topic, partition: undefined, key, value, timestamp });
      if (appender.isWritable) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (failure !== undefined) throw failure;
    }
    await appender.flush();
  };
  await write(1);
  const meter = new ClientMeter();
  await write(records - 1);
  const report = meter.report(records - 1);
  await log.close();
  return report;
}

/** As much as a sink of the runtime has on its way. */
const bufferBytes = 8 * 1024 * 1024;

async function writeWithKafkajs(): Promise<ClientReport> {
  const kafka = new Kafka({ brokers: [...order.brokers], logLevel: logLevel.ERROR });
  const producer = kafka.producer();
  await producer.connect();
  const { topic, records } = order;
  let next = 1;
  const write = async (): Promise<void> => {
    while (next < records) {
      const from = next;
      next = Math.min(next + messagesPerSend, records);
      const batch = Array.from({ length: next - from }, (_, i) => messages[(from + i) % messages.length]!);
      await producer.send({ topic, messages: batch });
    }
  };
  await producer.send({ topic, messages: messages.slice(0, 1) });
  const meter = new ClientMeter();
  await Promise.all(Array.from({ length: sendsUnderWay }, write));
  const report = meter.report(records - 1);
  await producer.disconnect();
  return report;
}

/**
 * It was slower with 100 messages a send and no faster with one send or eight under way; 10,000 messages of 1 KB
 * are more than a broker takes in one batch.
 */
const messagesPerSend = 1_000;
const sendsUnderWay = 4;

const report = order.client === 'millrace' ? await writeWithMillrace() : await writeWithKafkajs();
process.stdout.write(`${JSON.stringify(report)}\n`);
