import type { KafkaCluster } from '../kafka-cluster.js';
import type { ResolvedKafkaConfig } from '../kafka-config.js';
import { TransportError } from '../transport/transport-error.js';
import { partitionGone } from './lost-position.js';
import type { PartitionTurns } from './partition-turns.js';
import type { ReaderPartition } from './reader-partition.js';

/**
 * When a partition that could not be fetched is asked for again: after a pause, with fresh metadata. Invariant: none
 * fails for longer than `deliveryTimeoutMs` without an error; its job would wait for it and nobody know why.
 */
export class FetchRetries {
  private readonly options: FetchRetriesOptions;
  private isRefreshing = false;
  private isEnded = false;

  constructor(options: FetchRetriesOptions) {
    this.options = options;
  }

  putOff(partition: ReaderPartition, why: string): void {
    if (this.isEnded) return;
    const { cluster, requests, fail, onDue } = this.options;
    const nowMs = cluster.host.clock.monotonicMs();
    const delayMs = cluster.backoffMs(partition.failures, requests);
    partition.failed(nowMs, delayMs);
    const failingMs = nowMs - (partition.failingSinceMs ?? nowMs);
    const timeoutMs = requests.deliveryTimeoutMs;
    const gone = partitionGone(cluster, partition, partition.position, failingMs);
    if (gone !== undefined) {
      fail(gone);
      return;
    }
    if (failingMs >= timeoutMs) {
      const what = `Reading topic ${partition.topic}, partition ${partition.partition}`;
      fail(cluster.unreachable(what, timeoutMs, why));
      return;
    }
    this.refreshSoon();
    const { retryAtMs } = partition;
    const again = (): void => {
      // A timer may be early by a part of a millisecond; and it ends its own pause, none of a later failure.
      if (partition.retryAtMs === retryAtMs) partition.retryAtMs = Number.NEGATIVE_INFINITY;
      onDue();
    };
    cluster.pause(delayMs).then(again, () => {});
  }

  /** Nothing is asked for any more. */
  end(): void {
    this.isEnded = true;
  }

  private refreshSoon(): void {
    if (this.isRefreshing || this.isEnded) return;
    this.isRefreshing = true;
    const { cluster, partitions, fail, onDue } = this.options;
    const refreshed = (): void => {
      // What failed once may well succeed with the new metadata; what failed again keeps its pause.
      for (const partition of partitions.all) {
        if (partition.failures === 1) partition.retryAtMs = Number.NEGATIVE_INFINITY;
      }
      onDue();
    };
    cluster
      .refreshMetadata()
      .then(refreshed, (error: unknown) => {
        if (!(error instanceof TransportError)) fail(error);
      })
      .finally(() => {
        this.isRefreshing = false;
      });
  }
}

export interface FetchRetriesOptions {
  readonly cluster: KafkaCluster;
  readonly partitions: PartitionTurns;
  readonly requests: ResolvedKafkaConfig['requests'];
  /** Some partitions may be fetched again. */
  readonly onDue: () => void;
  /** The reader can't go on. */
  readonly fail: (error: unknown) => void;
}
