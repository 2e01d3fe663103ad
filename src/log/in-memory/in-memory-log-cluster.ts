import type { CancelTimer, Clock } from '../../host/clock.js';
import type { Random } from '../../host/random.js';
import type { AppendRequest, FetchRequest, LogReply, LogRequest } from '../client/log-requests.js';
import {
  type Isolation,
  LogError,
  type OffsetRequest,
  type TopicDescription,
  type TopicPartition,
} from '../log-port.js';
import { noCommittedOffset } from '../no-committed-offset.js';
import { checkTopicName, describeTopic, unknownTopics } from '../topic-names.js';
import { type InMemoryLogFaults, RandomLogFaults } from './in-memory-log-faults.js';
import { type CommittedRecord, InMemoryPartition } from './in-memory-partition.js';
import { TransactionCoordinator } from './transaction-coordinator.js';

/**
 * The in-memory log's brokers: what they hold outlives their clients. It answers as Kafka does (offsets
 * taken by open and aborted transactions and by markers, fencing, time-outs), in one thread and with every
 * delay drawn from the given random numbers, so that a seed decides the whole run.
 */
export class InMemoryLogCluster {
  readonly clock: Clock;
  readonly faults: InMemoryLogFaults;
  private readonly topics = new Map<string, readonly InMemoryPartition[]>();
  private readonly groups = new Map<string, number>();
  private readonly coordinator: TransactionCoordinator;
  private readonly waiting = new Set<WaitingFetch>();
  private readonly appliedAppends = new Set<string>();
  private clientCount = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly random: Random;
    readonly faults?: InMemoryLogFaults;
  }) {
    this.clock = options.clock;
    this.faults = options.faults ?? new RandomLogFaults(options.random);
    this.coordinator = new TransactionCoordinator({
      clock: options.clock,
      markerDelayMs: () => this.faults.markerDelayMs(),
      onMarked: () => this.answerWaiting(),
    });
  }

  /** Unique over the clients of this log. */
  nextClientName(): string {
    return `client-${++this.clientCount}`;
  }

  createTopic(topic: string, partitions: number): void {
    checkTopicName(topic, partitions);
    if ((this.topics.get(topic)?.length ?? 0) >= partitions) return;
    const existing = this.topics.get(topic) ?? [];
    const added = Array.from({ length: partitions - existing.length }, (_, i) => existing.length + i);
    this.topics.set(topic, [
      ...existing,
      ...added.map((partition) => new InMemoryPartition(topic, partition)),
    ]);
  }

  /** What a read_committed reader would see now, partition after partition. */
  committedRecords(topic: string): CommittedRecord[] {
    return this.partitionsOf(topic).flatMap((partition) => partition.committedRecords());
  }

  /** Transactions that are neither committed nor aborted yet. */
  openTransactions(): ReturnType<TransactionCoordinator['openTransactions']> {
    return this.coordinator.openTransactions();
  }

  /** What a group has committed; undefined where it has not. */
  committedOffset(groupId: string, { topic, partition }: TopicPartition): number | undefined {
    return this.groups.get(JSON.stringify([groupId, topic, partition]));
  }

  /** A request arrives. `requestId` is the same for every sending of it. `answer` is called once, at once or later. */
  receive(requestId: string, request: LogRequest, answer: (answer: ClusterAnswer) => void): void {
    if (request.kind === 'fetch') {
      this.fetch(request, answer);
      return;
    }
    try {
      const reply = this.execute(requestId, request);
      answer(reply === 'busy' ? { kind: 'retry' } : { kind: 'done', reply });
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      answer({ kind: 'refused', error });
    }
  }

  private execute(requestId: string, request: Exclude<LogRequest, FetchRequest>): LogReply | 'busy' {
    switch (request.kind) {
      case 'describe-topics':
        return this.describeTopics(request.topics);
      case 'list-topics':
        return [...this.topics.keys()];
      case 'create-topic':
        this.createTopic(request.topic, request.partitions);
        return undefined;
      case 'resolve-offsets':
        return request.requests.map((each) => this.resolveOffset(each, request.isolation));
      case 'append':
        return this.append(requestId, request);
      case 'begin-transaction':
        return this.coordinator.begin(request);
      case 'end-transaction':
        return this.coordinator.endTransaction(request) === 'busy' ? 'busy' : undefined;
      case 'commit-offsets':
        for (const { topic, partition, offset } of request.offsets) {
          this.groups.set(JSON.stringify([request.groupId, topic, partition]), offset);
        }
        return undefined;
      // Kafka has neither: a prepared transaction is one whose appends are acknowledged, a fetch is not called off.
      case 'prepare-transaction':
      case 'close-reader':
        return undefined;
    }
  }

  private describeTopics(topics: readonly string[]): readonly TopicDescription[] {
    const missing = topics.filter((topic) => !this.topics.has(topic));
    if (missing.length > 0) throw unknownTopics(missing);
    return topics.map((topic) => describeTopic(topic, this.partitionsOf(topic).length));
  }

  private resolveOffset(request: OffsetRequest, isolation: Isolation): number {
    const partition = this.partition(request);
    const { spec } = request;
    if (spec.kind !== 'committed') return partition.resolve(spec, isolation);
    const committed = this.committedOffset(spec.groupId, request);
    if (committed !== undefined) return committed;
    if (spec.fallback === 'fail') throw noCommittedOffset(spec.groupId, request);
    return partition.resolve({ kind: spec.fallback }, isolation);
  }

  private append(requestId: string, request: AppendRequest): 'busy' | undefined {
    // As with a producer's sequence numbers: what was applied before is acknowledged and not applied again.
    if (this.appliedAppends.has(requestId)) return undefined;
    const partitions = request.batches.map((batch) => this.partition(batch));
    const { transaction } = request;
    if (transaction !== undefined && this.coordinator.admit(transaction, partitions) === 'busy')
      return 'busy';
    this.rememberApplied(requestId);
    request.batches.forEach((batch, i) => {
      partitions[i]?.append(batch.bytes, transaction?.producerId);
    });
    this.answerWaiting();
    return undefined;
  }

  private rememberApplied(requestId: string): void {
    this.appliedAppends.add(requestId);
    for (const oldest of this.appliedAppends) {
      if (this.appliedAppends.size <= appliedAppendsMax) return;
      this.appliedAppends.delete(oldest);
    }
  }

  private fetch(request: FetchRequest, answer: (answer: ClusterAnswer) => void): void {
    try {
      const reply = this.partition(request).fetch(request);
      if (reply.bytes.byteLength > 0 || !request.waitForData) answer({ kind: 'done', reply });
      else this.wait(request, answer);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      answer({ kind: 'refused', error });
    }
  }

  private wait(request: FetchRequest, answer: (answer: ClusterAnswer) => void): void {
    const fetch: WaitingFetch = {
      request,
      answer,
      cancelTimer: this.clock.setTimer(fetchWaitMaxMs, () => {
        this.waiting.delete(fetch);
        this.fetch({ ...request, waitForData: false }, answer);
      }),
    };
    this.waiting.add(fetch);
  }

  private answerWaiting(): void {
    for (const fetch of [...this.waiting]) {
      if (fetch.request.position >= this.partition(fetch.request).endOffsetFor(fetch.request.isolation))
        continue;
      this.waiting.delete(fetch);
      fetch.cancelTimer();
      this.fetch(fetch.request, fetch.answer);
    }
  }

  private partitionsOf(topic: string): readonly InMemoryPartition[] {
    const partitions = this.topics.get(topic);
    if (partitions === undefined) throw unknownTopics([topic]);
    return partitions;
  }

  private partition({ topic, partition }: TopicPartition): InMemoryPartition {
    const found = this.partitionsOf(topic)[partition];
    if (found === undefined) {
      throw new LogError('invalid-configuration', `Topic ${topic} has no partition ${partition}.`);
    }
    return found;
  }
}

export type ClusterAnswer =
  | { readonly kind: 'done'; readonly reply: LogReply }
  | { readonly kind: 'refused'; readonly error: LogError }
  /** Not now: Kafka's CONCURRENT_TRANSACTIONS. */
  | { readonly kind: 'retry' };

interface WaitingFetch {
  readonly request: FetchRequest;
  readonly answer: (answer: ClusterAnswer) => void;
  readonly cancelTimer: CancelTimer;
}

/** How long a fetch waits for data before it is answered with nothing; Kafka's default. */
export const fetchWaitMaxMs = 500;
/** A client has one append under way for each appender, so this reaches back over thousands of them. */
const appliedAppendsMax = 10_000;
