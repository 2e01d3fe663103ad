import type { AppendRequest, FetchReply, FetchRequest, LogRequest } from '../client/log-requests.js';
import { LogError, type OffsetRequest, type TopicDescription, type TopicPartition } from '../log-port.js';
import { noCommittedOffset } from '../no-committed-offset.js';
import { checkTopicName, describeTopic, unknownTopics } from '../topic-names.js';
import { LogDatabase, type StoredTopic } from './log-database.js';
import { PartitionLog } from './partition-log.js';
import { TransactionLog } from './transaction-log.js';

/** The embedded log as synchronous operations on its database; threads, ports and waiting are the owner's. */
export class EmbeddedLogStore {
  readonly transactions: TransactionLog;
  private readonly database: LogDatabase;
  private readonly partitions: PartitionLog;

  constructor(path: string) {
    this.database = new LogDatabase(path);
    this.partitions = new PartitionLog(this.database);
    this.transactions = new TransactionLog(this.database, this.partitions);
    this.write(() => this.transactions.abortUnprepared());
  }

  /** One durable transaction around any number of changes: all of them or, with a throw, none. */
  write<T>(work: () => T): T {
    try {
      return this.database.write(work);
    } catch (error) {
      this.partitions.forgetEndOffsets();
      throw error;
    }
  }

  describeTopics(topics: readonly string[]): readonly TopicDescription[] {
    const missing = topics.filter((topic) => this.database.topics.get(topic) === undefined);
    if (missing.length > 0) throw unknownTopics(missing);
    return topics.map((topic) => describeTopic(topic, this.topic(topic).partitions));
  }

  listTopics(): readonly string[] {
    return [...this.database.topics.getKeys()];
  }

  resolveOffsets(requests: readonly OffsetRequest[]): readonly number[] {
    return requests.map((request) => this.resolveOffset(request));
  }

  fetch(request: FetchRequest): FetchReply {
    return this.partitions.fetch(this.partitionId(request), request, request);
  }

  partitionId(partition: TopicPartition): number {
    const topic = this.topic(partition.topic);
    if (partition.partition < 0 || partition.partition >= topic.partitions) {
      throw new LogError(
        'invalid-configuration',
        `Topic ${partition.topic} has no partition ${partition.partition}; its partitions are 0 to ${topic.partitions - 1}.`,
      );
    }
    return topic.firstPartitionId + partition.partition;
  }

  /** Only within `write`. */
  createTopic(name: string, partitions: number): void {
    checkTopicName(name, partitions);
    const existing = this.database.topics.get(name);
    if (existing !== undefined) {
      if (existing.partitions >= partitions) return;
      throw new LogError(
        'invalid-configuration',
        `Topic ${name} exists with ${existing.partitions} partitions, fewer than ${partitions}. ` +
          'The embedded log adds none to a topic; use another topic.',
      );
    }
    const firstPartitionId = this.database.nextCounter('partition', partitions);
    this.database.topics.putSync(name, { partitions, firstPartitionId });
  }

  /** Only within `write`. Answers the partitions that have something new to read. */
  append(request: AppendRequest): readonly number[] {
    const partitionIds = request.batches.map((batch) => this.partitionId(batch));
    if (request.transaction !== undefined) this.transactions.markOngoing(request.transaction);
    request.batches.forEach((batch, i) => {
      const bytes = Buffer.from(batch.bytes);
      const partitionId = partitionIds[i] as number;
      if (request.transaction === undefined)
        this.partitions.publish(partitionId, this.partitions.store(bytes));
      else this.transactions.stage(request.transaction, partitionId, bytes);
    });
    return request.transaction === undefined ? partitionIds : [];
  }

  /** Only within `write`. */
  commitOffsets(request: Extract<LogRequest, { kind: 'commit-offsets' }>): void {
    for (const { topic, partition, offset } of request.offsets) {
      this.database.groups.putSync([request.groupId, topic, partition], offset);
    }
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private resolveOffset(request: OffsetRequest): number {
    const partitionId = this.partitionId(request);
    const { spec } = request;
    if (spec.kind !== 'committed') return this.partitions.resolve(partitionId, request, spec);
    const committed = this.database.groups.get([spec.groupId, request.topic, request.partition]);
    if (committed !== undefined) return committed;
    if (spec.fallback === 'fail') throw noCommittedOffset(spec.groupId, request);
    return this.partitions.resolve(partitionId, request, { kind: spec.fallback });
  }

  private topic(name: string): StoredTopic {
    const topic = this.database.topics.get(name);
    if (topic === undefined) throw unknownTopics([name]);
    return topic;
  }
}
