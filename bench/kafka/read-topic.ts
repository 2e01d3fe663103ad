import { type ConsumerRunConfig, Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { createKafkaLogClient } from '#dist/log/kafka/kafka-log-client.js';
import { ClientMeter, type ClientOrder, type ClientReport } from './client-order.js';

/**
 * Reads a topic to its end, committed records only, and touches the key, the value and the offset of each
 * record. Millrace checks each batch's CRC as well.
 */
const order = JSON.parse(process.argv[2] ?? '') as ClientOrder;
/** Depends on every record, so that no engine can leave out reading them. */
let touched = 0;

async function readWithMillrace(): Promise<ClientReport> {
  const log = createKafkaLogClient({ brokers: [...order.brokers] });
  const report = await new Promise<ClientReport>((resolve, reject) => {
    let meter: ClientMeter | undefined;
    let left = order.records;
    const reader = log.openReader({
      prefetchBytes,
      onError: reject,
      onAvailable: () => {
        meter ??= new ClientMeter();
        for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
          const { bytes } = batch;
          while (batch.next()) {
            touched += bytes[batch.keyStart]! + bytes[batch.valueStart]! + bytes[batch.valueEnd - 1]!;
            touched += batch.offset;
            left -= 1;
          }
          batch.release();
        }
        if (left === 0) resolve(meter.report(order.records));
      },
    });
    for (let partition = 0; partition < order.partitions; partition += 1)
      reader.addPartition({ topic: order.topic, partition }, 0, undefined);
  });
  await log.close();
  return report;
}

/** As much as a source of the runtime fetches ahead. */
const prefetchBytes = 8 * 1024 * 1024;

async function readWithKafkajs(): Promise<ClientReport> {
  const kafka = new Kafka({ brokers: [...order.brokers], logLevel: logLevel.ERROR });
  const consumer = kafka.consumer({ groupId: `bench-${process.pid}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [order.topic], fromBeginning: true });
  let meter: ClientMeter | undefined;
  let left = order.records;
  const report = await new Promise<ClientReport>((resolve, reject) => {
    const touch = ({ key, value, offset }: KafkaMessage): void => {
      meter ??= new ClientMeter();
      touched += key![0]! + value![0]! + value!.at(-1)! + Number(offset);
      left -= 1;
      if (left === 0) resolve(meter.report(order.records));
    };
    const handlers: Record<ClientOrder['kafkajsReads'], ConsumerRunConfig> = {
      eachBatch: {
        eachBatchAutoResolve: true,
        eachBatch: async ({ batch }) => {
          for (const message of batch.messages) touch(message);
        },
      },
      eachMessage: { eachMessage: async ({ message }) => touch(message) },
    };
    consumer.run({ autoCommit: false, ...handlers[order.kafkajsReads] }).catch(reject);
  });
  await consumer.disconnect();
  return report;
}

const report = order.client === 'millrace' ? await readWithMillrace() : await readWithKafkajs();
if (touched === 0) throw new Error('No record was touched.');
process.stdout.write(`${JSON.stringify(report)}\n`);
