import { partitionForKey } from '../log/default-partitioner.js';
import { LogError, type LogRecord, type RecordPartitioner } from '../log/log-port.js';

/**
 * Chooses the partition of each record that a sink writes. Every subtask has its own, for as long as its
 * attempt lives; it may keep what it likes between calls.
 */
export interface Partitioner<T> {
  /** For errors. */
  readonly name: string;
  /** Before the first record, at each attempt: which subtask of how many this is, counted from 0. */
  open?(instanceId: number, instances: number): void;
  /**
   * One of `partitions`: the topic's, in ascending order. Synchronous. Key and value are the record's bytes,
   * lent for the call.
   */
  partition(
    record: T,
    key: Uint8Array | null,
    value: Uint8Array | null,
    topic: string,
    partitions: readonly number[],
  ): number;
}

/** Subtask i writes to partition i modulo the partitions: one writer a partition, where there are enough. */
export function fixedPartitioner<T>(): Partitioner<T> {
  let instance = 0;
  return {
    name: 'fixed',
    open: (instanceId) => {
      instance = instanceId;
    },
    partition: (_record, _key, _value, _topic, partitions) => partitions[instance % partitions.length]!,
  };
}

/** One partition after the other, for each topic; subtasks begin at different ones. */
export function roundRobinPartitioner<T>(): Partitioner<T> {
  let first = 0;
  const turns = new Map<string, number>();
  return {
    name: 'round-robin',
    open: (instanceId) => {
      first = instanceId;
      turns.clear();
    },
    partition: (_record, _key, _value, topic, partitions) => {
      const turn = turns.get(topic) ?? first;
      turns.set(topic, turn + 1);
      return partitions[turn % partitions.length]!;
    },
  };
}

/**
 * By the hash of the key, as Kafka's default computes it: each key's records stay in order. Unlike the
 * default it refuses records without a key.
 */
export function keyHashPartitioner<T>(): Partitioner<T> {
  return {
    name: 'key-hash',
    partition: (_record, key, _value, _topic, partitions) => {
      if (key === null) throw new TypeError('the record has no key; give the sink a key function');
      return partitions[partitionForKey(key, partitions.length)]!;
    },
  };
}

/**
 * A user's partitioner where records are placed.
 *
 * @throws LogError `invalid-configuration`, naming the partitioner, where a topic has no partitions or the
 * answer is none of them.
 */
export class ElementPartitioner<T> implements RecordPartitioner {
  private readonly partitioner: Partitioner<T>;
  private readonly operatorName: string;
  private readonly partitions = new Map<string, readonly number[]>();

  constructor(partitioner: Partitioner<T>, operatorName: string, instanceId: number, instances: number) {
    this.partitioner = partitioner;
    this.operatorName = operatorName;
    partitioner.open?.(instanceId, instances);
  }

  partitionFor(record: LogRecord, partitionCount: number): number {
    const { topic, key, value } = record;
    const partitions = this.partitionsOf(topic, partitionCount);
    let chosen: unknown;
    try {
      // The encoder that made the record of an element put it there.
      chosen = this.partitioner.partition(record.element as T, key, value, topic, partitions);
    } catch (cause) {
      throw this.failure(topic, `failed: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
    }
    if (typeof chosen === 'number' && Number.isInteger(chosen) && chosen >= 0 && chosen < partitionCount)
      return chosen;
    throw this.failure(
      topic,
      `answered ${String(chosen)}, but the partitions are 0 to ${partitionCount - 1}`,
    );
  }

  /** The same list until the topic grows, so that none is made for each record. */
  private partitionsOf(topic: string, partitionCount: number): readonly number[] {
    const known = this.partitions.get(topic);
    if (known?.length === partitionCount) return known;
    if (partitionCount <= 0) throw this.failure(topic, 'has no partition to choose from');
    const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
    this.partitions.set(topic, partitions);
    return partitions;
  }

  private failure(topic: string, what: string, cause?: unknown): LogError {
    return new LogError(
      'invalid-configuration',
      `The partitioner "${this.partitioner.name}" of sink "${this.operatorName}" ${what} (topic ${topic}).`,
      cause === undefined ? undefined : { cause },
    );
  }
}
