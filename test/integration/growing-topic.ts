import { createKafkaLogClient } from '../../src/log/kafka/kafka-log-client.js';
import type { LogAppender, LogClient } from '../../src/log/log-port.js';
import { groupBy } from './group-by.js';
import type { NumberedRecord } from './jobs/numbered-record.js';

const partitionCount = 4;
/** A multiple of the partitions: each key's records are in one partition, and so have an order. */
const keyCount = 40;
const stepMs = 25;
/** 400 records a second: some in every checkpoint, and little work for a job that starts again and again. */
const recordsOfStep = 10;

/** A topic that somebody writes to while jobs read it, with a known number of records at its end. */
export class GrowingTopic {
  readonly partitions = partitionCount;
  /** At its end. */
  readonly records: number;
  readonly recordsOfPartition: number;
  private readonly topic: string;
  private readonly client: LogClient;
  private readonly appender: LogAppender;
  private written = 0;
  private limit = 0;
  private readonly timer: NodeJS.Timeout;

  private constructor(client: LogClient, topic: string, records: number) {
    this.topic = topic;
    this.records = records;
    this.recordsOfPartition = records / partitionCount;
    this.client = client;
    this.appender = client.openAppender({
      onWritable: () => {},
      onError: (error) => {
        throw error;
      },
      bufferBytes: 8 * 1024 * 1024,
    });
    this.timer = setInterval(
      () => this.writeUpTo(Math.min(this.limit, this.written + recordsOfStep)),
      stepMs,
    );
  }

  /** `records` is a multiple of the keys. Nothing is written before `growTo`. */
  static async create(brokers: readonly string[], topic: string, records: number): Promise<GrowingTopic> {
    const client = createKafkaLogClient({ brokers });
    await client.createTopic(topic, partitionCount);
    return new GrowingTopic(client, topic, records);
  }

  /** Steadily, from now on, until it has so many records, or rather a few less: its end is `finish`'s. */
  growTo(records: number): void {
    this.limit = Math.max(this.limit, Math.min(records, this.records - recordsOfStep));
  }

  /** Writes the rest at once. */
  async finish(): Promise<void> {
    this.writeUpTo(this.records);
    await this.appender.flush();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.client.close();
  }

  /** All records that it will have had, by key, in order. */
  expected(): Map<string, NumberedRecord[]> {
    const records = Array.from({ length: this.records }, (_, number) => recordAt(number));
    return groupBy(records, ({ key }) => key);
  }

  private writeUpTo(end: number): void {
    for (; this.written < end; this.written++) {
      const record = recordAt(this.written);
      this.appender.append({
        topic: this.topic,
        partition: this.written % partitionCount,
        key: Buffer.from(record.key),
        value: Buffer.from(JSON.stringify(record)),
        timestamp: Date.now(),
      });
    }
  }
}

function recordAt(number: number): NumberedRecord {
  return { key: `key-${number % keyCount}`, number };
}
