import type { Partitioner } from '../index.js';

/**
 * One partition for each span of time: all records of an hour lie together, so that a reader of one hour
 * reads one partition. The price is that a single partition takes the whole load of the moment.
 */
export function timePartitioner<T>(timeOf: (record: T) => number, spanMs: number): Partitioner<T> {
  return {
    name: 'time',
    partition(record, _key, _value, _topic, partitions) {
      const span = Math.floor(timeOf(record) / spanMs);
      return partitions[span % partitions.length]!;
    },
  };
}
