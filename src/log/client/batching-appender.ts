import { partitionForKey } from '../default-partitioner.js';
import { type AppenderOptions, type LogAppender, LogError, type LogRecord } from '../log-port.js';
import { recordByteLengthMax } from '../record-batch/record-batch-encoder.js';
import { AckWaiters } from './ack-waiters.js';
import type { LogConnection } from './log-connection.js';
import type { EncodedBatch, TransactionHandle } from './log-requests.js';
import { batchBytesTarget, TopicBatches } from './topic-batches.js';

/**
 * Gathers records into batches and sends them, one request at a time: what is appended while a request is
 * under way goes with the next, so batches are small when little comes and large under load.
 *
 * Invariant: at most one append is unanswered. Two could be applied in the other order, or be retried past
 * each other, and a partition's records would change places.
 */
export class BatchingAppender implements LogAppender {
  isWritable = true;
  private readonly connection: LogConnection;
  private readonly options: AppenderOptions;
  private readonly transaction: TransactionHandle | undefined;
  private readonly onClosed: () => void;
  private readonly topics = new Map<string, TopicBatches>();
  private readonly sealed: EncodedBatch[] = [];
  private readonly acks = new AckWaiters();
  private readonly describing = new Set<Promise<void>>();
  private lastTopic: TopicBatches | undefined;
  /** Bytes appended and not yet acknowledged. */
  private unackedBytes = 0;
  private sealedBatchCount = 0;
  private isSending = false;
  /** Settles with the last request's answer; never rejects. */
  private sending: Promise<void> = Promise.resolve();
  private isSendScheduled = false;
  private failure: LogError | undefined;
  private isClosed = false;

  constructor(
    connection: LogConnection,
    options: AppenderOptions,
    transaction: TransactionHandle | undefined,
    onClosed: () => void,
  ) {
    this.connection = connection;
    this.options = options;
    this.transaction = transaction;
    this.onClosed = onClosed;
  }

  /** After a failure, which `onError` and `flush` report, records are dropped: nothing of this appender counts any more. */
  append(record: LogRecord): void {
    if (this.failure !== undefined) return;
    if (this.isClosed)
      throw new LogError('internal', `A record for topic ${record.topic} was appended after close.`);
    const topic = this.lastTopic?.topic === record.topic ? this.lastTopic : this.topicOf(record.topic);
    const recordBytes = recordByteLengthMax(record.key, record.value, record.headers);
    if (recordBytes > this.connection.recordBytesMax) {
      this.fail(tooLarge(record, recordBytes, this.connection.recordBytesMax));
      return;
    }
    if (topic.partitionCount === undefined) {
      topic.waiting.push(copyOf(record));
      this.addUnacked(recordBytes);
    } else {
      this.appendTo(topic, record, topic.partitionCount, recordBytes);
    }
  }

  async flush(): Promise<void> {
    while (this.describing.size > 0) await Promise.all(this.describing);
    if (this.failure !== undefined) throw this.failure;
    this.sealAll();
    const acked = this.acks.waitFor(this.sealedBatchCount);
    this.send();
    await acked;
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    try {
      if (this.failure === undefined) await this.flush();
    } finally {
      this.stop();
      this.onClosed();
    }
  }

  /** Drops what is not sent yet and waits for the answer to what is under way, so that nothing of it comes later. */
  async discard(): Promise<void> {
    this.stop();
    this.onClosed();
    await this.sending;
  }

  /** Sends nothing more and drops what is not sent yet. */
  stop(): void {
    this.isClosed = true;
    this.drop();
    this.acks.reject(new LogError('internal', 'The appender was closed before everything was acknowledged.'));
  }

  private topicOf(name: string): TopicBatches {
    let topic = this.topics.get(name);
    if (topic === undefined) {
      topic = new TopicBatches(name);
      this.topics.set(name, topic);
      const describing = this.describe(topic).finally(() => this.describing.delete(describing));
      this.describing.add(describing);
    }
    this.lastTopic = topic;
    return topic;
  }

  private async describe(topic: TopicBatches): Promise<void> {
    try {
      const [description] = await this.connection.request({ kind: 'describe-topics', topics: [topic.topic] });
      const partitionCount = description?.partitions.length ?? 0;
      topic.partitionCount = partitionCount;
      for (const record of topic.waiting.splice(0)) {
        const recordBytes = recordByteLengthMax(record.key, record.value, record.headers);
        this.unackedBytes -= recordBytes;
        if (this.failure === undefined) this.appendTo(topic, record, partitionCount, recordBytes);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private appendTo(
    topic: TopicBatches,
    record: LogRecord,
    partitionCount: number,
    recordBytes: number,
  ): void {
    const partition = this.partitionFor(topic, record, partitionCount);
    if (partition === undefined) return;
    if (partition < 0 || partition >= partitionCount) {
      this.fail(noSuchPartition(record.topic, partition, partitionCount));
      return;
    }
    const batch = topic.batchOf(partition);
    if (batch.recordCount > 0 && batch.byteLength + recordBytes > batchBytesTarget)
      this.seal(topic, partition);
    const bytesBefore = batch.recordCount === 0 ? 0 : batch.byteLength;
    batch.append(record.key, record.value, record.timestamp, record.headers);
    this.addUnacked(batch.byteLength - bytesBefore);
    if (!this.isSendScheduled) {
      this.isSendScheduled = true;
      queueMicrotask(this.sendScheduled);
    }
  }

  /** Undefined after a failure of the partitioner. */
  private partitionFor(topic: TopicBatches, record: LogRecord, partitionCount: number): number | undefined {
    if (record.partition !== undefined) return record.partition;
    const { partitioner } = this.options;
    if (partitioner === undefined)
      return record.key === null ? topic.stickyPartition : partitionForKey(record.key, partitionCount);
    try {
      return partitioner.partitionFor(record, partitionCount);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  /** After the caller's current run of appends, so that they go together. */
  private readonly sendScheduled = (): void => {
    this.isSendScheduled = false;
    if (!this.isSending) {
      this.sealAll();
      this.send();
    }
  };

  private addUnacked(bytes: number): void {
    this.unackedBytes += bytes;
    if (this.unackedBytes >= this.options.bufferBytes) this.isWritable = false;
  }

  private sealAll(): void {
    for (const topic of this.topics.values()) {
      for (const partition of topic.partitionsWithRecords()) this.seal(topic, partition);
    }
  }

  private seal(topic: TopicBatches, partition: number): void {
    this.sealed.push(topic.seal(partition, this.transaction, this.options.compression));
    this.sealedBatchCount++;
  }

  private send(): void {
    if (this.isSending || this.failure !== undefined || this.sealed.length === 0) return;
    const batches = this.takeSealed();
    let bytes = 0;
    for (const batch of batches) bytes += batch.bytes.byteLength;
    this.isSending = true;
    this.sending = this.connection.request({ kind: 'append', batches, transaction: this.transaction }).then(
      () => this.onAcked(batches.length, bytes),
      (error: unknown) => this.fail(error),
    );
  }

  private takeSealed(): EncodedBatch[] {
    let count = 0;
    let bytes = 0;
    for (const batch of this.sealed) {
      bytes += batch.bytes.byteLength;
      if (count > 0 && bytes > requestBytesMax) break;
      count++;
    }
    return this.sealed.splice(0, count);
  }

  private onAcked(batchCount: number, bytes: number): void {
    this.isSending = false;
    this.acks.add(batchCount);
    this.unackedBytes -= bytes;
    if (this.isClosed) return;
    if (this.sealed.length === 0) this.sealAll();
    this.send();
    // Writable again only at half, so that the writer comes back for a good run of records, not for one.
    if (!this.isWritable && this.unackedBytes <= this.options.bufferBytes / 2) {
      this.isWritable = true;
      this.options.onWritable();
    }
  }

  private fail(error: unknown): void {
    this.isSending = false;
    if (this.failure !== undefined || this.isClosed) return;
    this.failure =
      error instanceof LogError
        ? error
        : new LogError('internal', `Appending failed: ${String(error)}`, { cause: error });
    this.drop();
    this.acks.reject(this.failure);
    this.options.onError(this.failure);
  }

  private drop(): void {
    this.sealed.length = 0;
    this.topics.clear();
    this.lastTopic = undefined;
  }
}

/** What one request carries: the log makes it durable with one sync, which costs about as much as writing 2 MB. */
const requestBytesMax = 4 * 1024 * 1024;

function copyOf(record: LogRecord): LogRecord {
  return {
    ...record,
    key: record.key === null ? null : Uint8Array.from(record.key),
    value: record.value === null ? null : Uint8Array.from(record.value),
  };
}

function tooLarge(record: LogRecord, bytes: number, bytesMax: number): LogError {
  return new LogError(
    'record-too-large',
    `A record for topic ${record.topic} takes ${bytes} bytes, more than the log's ${bytesMax}` +
      `${record.key === null ? '' : ` (key ${JSON.stringify(Buffer.from(record.key.subarray(0, 100)).toString())})`}. ` +
      'Make it smaller, or keep the large part elsewhere and write a reference to it.',
  );
}

function noSuchPartition(topic: string, partition: number, partitionCount: number): LogError {
  return new LogError(
    'invalid-configuration',
    `Topic ${topic} has no partition ${partition}; its partitions are 0 to ${partitionCount - 1}. ` +
      'Check the partitioner, or create the topic with more partitions.',
  );
}
