import type { Random } from '../../../host/random.js';
import { partitionForKey } from '../../default-partitioner.js';
import type { LogRecord, RecordPartitioner } from '../../log-port.js';
import type { PartitionQueue } from './partition-queue.js';

/** A record that waits for its topic's metadata, with the flush epoch it was appended in. */
export interface UnroutedRecord {
  readonly record: LogRecord;
  readonly epoch: number;
}

/** A topic as a sender sees it: its partitions' queues, once it is known how many there are. */
export class TopicRoute {
  readonly unrouted: UnroutedRecord[] = [];
  readonly queues = new Map<number, PartitionQueue>();
  private readonly partitioner: RecordPartitioner | undefined;
  private stickyPartition: number | undefined;

  constructor(partitioner: RecordPartitioner | undefined) {
    this.partitioner = partitioner;
  }

  /**
   * Without a partitioner as Kafka's default does: by the key's hash, or, without a key, one partition until its batch is
   * sent, so that batches are large.
   */
  partitionFor(record: LogRecord, partitionCount: number, random: Random): number {
    if (record.partition !== undefined) return record.partition;
    if (this.partitioner !== undefined) return this.partitioner.partitionFor(record, partitionCount);
    if (record.key !== null) return partitionForKey(record.key, partitionCount);
    this.stickyPartition ??= Math.floor(random.next() * partitionCount);
    return this.stickyPartition;
  }

  /** A batch of this partition goes; records without a key take another one. */
  unstick(partition: number): void {
    if (this.stickyPartition === partition) this.stickyPartition = undefined;
  }
}
