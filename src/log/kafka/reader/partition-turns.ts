import type { LogBatch, TopicPartition } from '../../log-port.js';
import type { ReaderPartition } from './reader-partition.js';

/** The partitions of a reader, in turns: whose batch is taken next, and who is fetched for first. */
export class PartitionTurns {
  private readonly partitions: ReaderPartition[] = [];
  /** The same, those first that were asked for longest ago, or left out of an answer. */
  private order: readonly ReaderPartition[] = [];
  /** Index of the partition that `poll` looks at first. */
  private nextToPoll = 0;

  get fetchOrder(): readonly ReaderPartition[] {
    return this.order;
  }

  get all(): readonly ReaderPartition[] {
    return this.partitions;
  }

  get haveBatches(): boolean {
    return this.partitions.some((partition) => partition.fetched.length > 0);
  }

  add(partition: ReaderPartition): void {
    this.partitions.push(partition);
    this.order = [partition, ...this.order];
  }

  find({ topic, partition }: TopicPartition): ReaderPartition | undefined {
    return this.partitions.find((each) => each.topic === topic && each.partition === partition);
  }

  poll(): LogBatch | undefined {
    const { partitions } = this;
    for (let i = 0; i < partitions.length; i++) {
      const index = (this.nextToPoll + i) % partitions.length;
      const batch = partitions[index]?.fetched.shift();
      if (batch !== undefined) {
        this.nextToPoll = index + 1;
        return batch;
      }
    }
    return undefined;
  }

  /**
   * A broker fills an answer in the order of the request, and leaves out a batch that there is no room for behind
   * others. Partitions left out so keep their place before those served, or they would starve; and they are asked for
   * again at once, or they would wait for as long as a broker may hold a fetch. All others go behind those that this
   * fetch did not ask for: where the budget is for a few, the same ones would else be asked for each time.
   */
  answered(asked: readonly ReaderPartition[], served: ReadonlySet<ReaderPartition>): void {
    // Where nobody got anything there was room, and asking again at once would spin.
    const leftOut = asked.filter(
      (partition) => served.size > 0 && !served.has(partition) && partition.hasMore,
    );
    for (const partition of leftOut) partition.isBehind = true;
    const last = new Set(asked.filter((partition) => !leftOut.includes(partition)));
    const first = this.order.filter((partition) => !last.has(partition));
    this.order = [...first, ...this.order.filter((partition) => last.has(partition))];
  }
}
