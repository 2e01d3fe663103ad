import {
  type Isolation,
  type LogBatch,
  LogError,
  type LogReader,
  type ReaderOptions,
  type TopicPartition,
} from '../../log-port.js';
import { type PositionReset, resetBatch } from '../../position-reset.js';
import type { ConnectionNaming, KafkaCluster } from '../kafka-cluster.js';
import { filledIn, type ResolvedKafkaConfig } from '../kafka-config.js';
import { OnceATurn } from '../once-a-turn.js';
import { type FetchedPartition, fetchRequest } from '../protocol/fetch.js';
import type { BrokerLane } from '../transport/broker-lane.js';
import { TransportError } from '../transport/transport-error.js';
import { batchOfAnswer, noWholeBatch } from './batch-of-answer.js';
import { fetchError } from './fetch-error.js';
import { type FetchBudget, type FetchKind, partitionFetchBytes, planFetch } from './fetch-plan.js';
import { FetchRetries } from './fetch-retries.js';
import { positionAfterLoss } from './lost-position.js';
import { PartitionTurns } from './partition-turns.js';
import { ReaderPartition } from './reader-partition.js';

/**
 * Reads partitions with at most two fetches under way to each broker, one of each kind, while what was
 * fetched before is processed. Everything that happens (an answer, a release, a new partition, the end of
 * a pause) ends in `pump`, which starts the fetches that are due.
 *
 * Invariant: a partition is in at most one fetch at a time, and its position moves only with that fetch's
 * answer, or when none is under way; two would read the same records twice.
 */
export class KafkaReader implements LogReader {
  private readonly cluster: KafkaCluster;
  private readonly options: ReaderOptions;
  private readonly isolation: Isolation;
  private readonly fetches: ResolvedKafkaConfig['fetches'];
  private readonly naming: ConnectionNaming;
  private readonly onClosed: () => void;
  private readonly partitions = new PartitionTurns();
  private readonly lanes = new Map<string, BrokerLane>();
  private readonly fetching = new Map<string, Promise<void>>();
  /** Bytes fetched and not released, and reserved for fetches under way. */
  private bytesInUse = 0;
  /** Once for all the releases and partitions of one turn. */
  private readonly pumping = new OnceATurn(() => this.pump());
  private readonly retries: FetchRetries;
  private isWaited = true;
  private isEnded = false;

  constructor(cluster: KafkaCluster, options: ReaderOptions, onClosed: () => void) {
    this.cluster = cluster;
    this.options = options;
    this.isolation = options.isolation ?? 'read_committed';
    const requests = filledIn(options, cluster.config.requests);
    this.fetches = filledIn(options, cluster.config.fetches);
    const { clientId, requestTimeoutMs } = requests;
    // A broker that holds a fetch for as long as it may has not failed.
    this.naming = { clientId, requestTimeoutMs: requestTimeoutMs + this.fetches.fetchMaxWaitMs };
    this.onClosed = onClosed;
    this.retries = new FetchRetries({
      cluster,
      partitions: this.partitions,
      requests,
      onDue: () => this.pumping.request(),
      fail: (error) => this.fail(error),
    });
  }

  addPartition(
    { topic, partition }: TopicPartition,
    position: number,
    stopPosition: number | undefined,
  ): void {
    this.partitions.add(new ReaderPartition(topic, partition, position, stopPosition));
    this.cluster.track([topic]);
    this.pumping.request();
  }

  poll(): LogBatch | undefined {
    const batch = this.partitions.poll();
    this.isWaited ||= batch === undefined;
    return batch;
  }

  endOffset(partition: TopicPartition): number | undefined {
    return this.partitions.find(partition)?.endOffset;
  }

  async close(): Promise<void> {
    this.end();
    await Promise.all(this.fetching.values());
    this.onClosed();
  }

  /** No fetch is begun any more, and those under way end. */
  private end(): void {
    this.isEnded = true;
    this.retries.end();
    for (const lane of this.lanes.values()) this.cluster.closeLane(lane);
    for (const partition of this.partitions.all) partition.fetched.length = 0;
  }

  private fail(error: unknown): void {
    if (this.isEnded) return;
    this.end();
    this.options.onError(error instanceof Error ? error : new LogError('internal', String(error)));
  }

  private pump(): void {
    if (this.isEnded) return;
    const nowMs = this.cluster.host.clock.monotonicMs();
    const byLeader = new Map<number, ReaderPartition[]>();
    for (const partition of this.partitions.fetchOrder) {
      if (!partition.mayFetch(nowMs)) continue;
      const leader = this.cluster.leaderOf(partition.topic, partition.partition);
      if (leader === undefined) {
        this.retries.putOff(partition, 'the partition has no known leader');
        continue;
      }
      const ofLeader = byLeader.get(leader);
      if (ofLeader === undefined) byLeader.set(leader, [partition]);
      else ofLeader.push(partition);
    }
    for (const [leader, partitions] of byLeader) {
      this.startFetch(leader, 'behind', partitions);
      this.startFetch(leader, 'caught-up', partitions);
    }
  }

  private startFetch(leader: number, kind: FetchKind, candidates: readonly ReaderPartition[]): void {
    const key = `${leader}:${kind}`;
    if (this.fetching.has(key) || this.isEnded) return;
    const budget = this.budget();
    const partitions = planFetch(candidates, kind, budget);
    if (partitions.length === 0) return;
    let lane = this.lanes.get(key);
    if (lane === undefined) {
      lane = this.cluster.openLane(leader, this.naming);
      this.lanes.set(key, lane);
    }
    const fetch = this.fetch(lane, kind, partitions, partitionFetchBytes(budget)).finally(() => {
      this.fetching.delete(key);
      // The next request first: the broker is then at work while what came is processed.
      this.pump();
      this.announce();
    });
    this.fetching.set(key, fetch);
  }

  private async fetch(
    lane: BrokerLane,
    kind: FetchKind,
    partitions: readonly ReaderPartition[],
    maxBytes: number,
  ): Promise<void> {
    const reservedBytes = partitions.length * maxBytes;
    this.bytesInUse += reservedBytes;
    for (const partition of partitions) partition.isFetching = true;
    try {
      const request = fetchRequest(
        partitions.map(({ topic, partition, position }) => ({ topic, partition, position, maxBytes })),
        {
          minBytes: this.fetches.fetchMinBytes,
          maxWaitMs: kind === 'behind' ? 0 : this.fetches.fetchMaxWaitMs,
          maxBytes: reservedBytes,
          isolation: this.isolation,
        },
      );
      const answers = await lane.send(request);
      if (!this.isEnded) this.take(partitions, answers);
    } catch (error) {
      if (!(error instanceof TransportError)) this.fail(error);
      else for (const partition of partitions) this.retries.putOff(partition, error.message);
    } finally {
      this.bytesInUse -= reservedBytes;
      for (const partition of partitions) partition.isFetching = false;
    }
  }

  private take(partitions: readonly ReaderPartition[], answers: readonly FetchedPartition[]): void {
    const served = new Set<ReaderPartition>();
    for (const answer of answers) {
      const partition = partitions.find((p) => p.topic === answer.topic && p.partition === answer.partition);
      if (partition === undefined) continue;
      const error = fetchError(answer, partition.position);
      if (error === 'out-of-range') this.checkPosition(partition);
      else if (error instanceof LogError) this.fail(error);
      else if (error !== undefined) this.retries.putOff(partition, error.message);
      else if (this.takeRecords(partition, answer)) served.add(partition);
    }
    this.partitions.answered(partitions, served);
  }

  /** Tells of batches, once until `poll` has found none. */
  private announce(): void {
    if (!this.isWaited || this.isEnded || !this.partitions.haveBatches) return;
    this.isWaited = false;
    this.options.onAvailable();
  }

  /** Whether there is a batch for `poll` now. */
  private takeRecords(partition: ReaderPartition, answer: FetchedPartition): boolean {
    const { records } = answer;
    const endOffset = this.isolation === 'read_committed' ? answer.lastStableOffset : answer.highWatermark;
    partition.endOffset = endOffset;
    partition.isBehind = false;
    if (records.length === 0) {
      partition.succeeded();
      return false;
    }
    const batch = batchOfAnswer(partition, answer, () => this.released(partition, records.length));
    if (batch === undefined) {
      partition.brokenAnswers++;
      this.retries.putOff(partition, noWholeBatch);
      return false;
    }
    partition.succeeded();
    partition.position = batch.positionAfter;
    partition.isBehind = partition.hasMore;
    partition.bufferedBytes += records.length;
    this.bytesInUse += records.length;
    partition.fetched.push(batch);
    return true;
  }

  /** The broker says that the position is not in its log. */
  private checkPosition(partition: ReaderPartition): void {
    // Not a longer pause: an earlier one may end meanwhile, and the same records would be fetched from two positions.
    partition.isPositionInDoubt = true;
    const { onOffsetOutOfRange = 'fail' } = this.options;
    positionAfterLoss(this.cluster, partition, partition.position, onOffsetOutOfRange, this.isolation).then(
      (to) => {
        partition.isPositionInDoubt = false;
        if (to === undefined) this.retries.putOff(partition, 'the broker does not have the position yet');
        else this.reset(partition, to);
      },
      (error: unknown) => this.fail(error),
    );
  }

  private reset(partition: ReaderPartition, to: number): void {
    if (this.isEnded) return;
    const reset: PositionReset = {
      topic: partition.topic,
      partition: partition.partition,
      from: partition.position,
      to,
    };
    partition.goOnAt(to);
    partition.fetched.push(resetBatch(reset));
    this.options.onReset?.(reset);
    this.pump();
    this.announce();
  }

  private released(partition: ReaderPartition, byteLength: number): void {
    partition.bufferedBytes -= byteLength;
    this.bytesInUse -= byteLength;
    this.pumping.request();
  }

  private budget(): FetchBudget {
    return {
      prefetchBytes: this.options.prefetchBytes,
      bytesInUse: this.bytesInUse,
      partitionCount: this.partitions.all.length,
      partitionFetchBytes: this.fetches.partitionFetchBytes,
      fetchMaxBytes: this.fetches.fetchMaxBytes,
    };
  }
}
