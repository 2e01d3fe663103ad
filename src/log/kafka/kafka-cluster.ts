import type { Clock } from '../../host/clock.js';
import type { Random } from '../../host/random.js';
import { LogError } from '../log-port.js';
import { RetriableAnswer } from './answer-error.js';
import { type BackoffBounds, backoffMs } from './backoff.js';
import { CoordinatorDirectory } from './coordinator-directory.js';
import { FirstAnswer, type Respondent } from './first-answer.js';
import type { BrokerAddress, ResolvedKafkaConfig } from './kafka-config.js';
import { Pauses } from './pauses.js';
import { errorCode } from './protocol/error-codes.js';
import type { CoordinatorKind } from './protocol/find-coordinator.js';
import type { KafkaRequest } from './protocol/kafka-request.js';
import { type ClusterMetadata, metadataRequest } from './protocol/metadata.js';
import { BrokerLane } from './transport/broker-lane.js';
import { type ConnectionSettings, connectionSettings } from './transport/connection-settings.js';
import { TransportError } from './transport/transport-error.js';

/** One try of an operation: its result, or why it is worth another one. Anything thrown but a TransportError is final. */
export type Try<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'again'; readonly why: string; readonly afterMs?: number };

/** What shared lanes carry; each kind has a connection of its own to each broker. */
export type LanePurpose = 'control' | 'produce';

/** What a reader or an appender may have of its own on its connections. */
export type ConnectionNaming = Pick<ConnectionSettings, 'clientId' | 'requestTimeoutMs'>;

export interface KafkaHost {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * What one client knows of its cluster: the brokers, who leads which partition, who coordinates what; and
 * its connections. Knowledge may be stale: who gets an answer that says so forgets or refreshes, and tries again.
 */
export class KafkaCluster {
  readonly config: ResolvedKafkaConfig;
  readonly host: KafkaHost;
  private readonly connections: ConnectionSettings;
  private readonly pauses: Pauses;
  private readonly addresses = new Map<number, BrokerAddress>();
  private readonly trackedTopics = new Set<string>();
  /** Leader by partition; -1 while there is none. */
  private readonly leaders = new Map<string, readonly number[]>();
  /** Of the tracked topics, those that the newest metadata says don't exist: when it said so first, and last. */
  private readonly missingTopics = new Map<string, { readonly firstMs: number; readonly lastMs: number }>();
  private readonly coordinators: CoordinatorDirectory;
  private readonly firstAnswer: FirstAnswer;
  private readonly sharedLanes = new Map<string, BrokerLane>();
  private readonly lanes = new Set<BrokerLane>();
  private refreshing: Promise<ClusterMetadata> | undefined;
  private hasBeenReached = false;
  private isClosed = false;

  constructor(config: ResolvedKafkaConfig, host: KafkaHost) {
    this.config = config;
    this.host = host;
    this.connections = connectionSettings(config, host.clock);
    this.pauses = new Pauses(host.clock);
    this.firstAnswer = new FirstAnswer(host.clock);
    this.coordinators = new CoordinatorDirectory((request) => this.sendToAny(request));
  }

  /** How a person would name this cluster. */
  get name(): string {
    return this.config.bootstrap.map(({ host, port }) => `${host}:${port}`).join(', ');
  }

  /** Undefined until metadata of the topic is here. */
  partitionCount(topic: string): number | undefined {
    return this.leaders.get(topic)?.length;
  }

  /**
   * For how long metadata has said that there is no such topic; 0 where the newest does not. Times in which
   * nobody could be asked before that don't count: brokers that come back may know it a moment later.
   */
  missingForMs(topic: string): number {
    const { firstMs, lastMs } = this.missingTopics.get(topic) ?? { firstMs: 0, lastMs: 0 };
    return lastMs - firstMs;
  }

  /** The node that leads a partition; undefined while nobody does or it is not known. */
  leaderOf(topic: string, partition: number): number | undefined {
    const leader = this.leaders.get(topic)?.[partition];
    return leader === undefined || leader < 0 || !this.addresses.has(leader) ? undefined : leader;
  }

  /** A lane of one's own, until `closeLane`. */
  openLane(nodeId: number, naming?: ConnectionNaming): BrokerLane {
    return this.newLane(() => this.addressOf(nodeId), naming);
  }

  closeLane(lane: BrokerLane): void {
    this.lanes.delete(lane);
    lane.close();
  }

  /** Those with the same purpose and the same settings share a lane. */
  send<R>(
    nodeId: number,
    purpose: LanePurpose,
    request: KafkaRequest<R>,
    naming: ConnectionNaming = this.connections,
  ): Promise<R> {
    const key = `${purpose}:${nodeId}:${naming.requestTimeoutMs}:${naming.clientId}`;
    let lane = this.sharedLanes.get(key);
    if (lane === undefined) {
      lane = this.openLane(nodeId, naming);
      this.sharedLanes.set(key, lane);
    }
    return lane.send(request);
  }

  /** From now on metadata covers these topics. */
  track(topics: readonly string[]): void {
    for (const topic of topics) this.trackedTopics.add(topic);
  }

  /**
   * Asks any broker for who leads what; calls at one time share one request.
   * @throws TransportError when no broker answers now | LogError
   */
  async refreshMetadata(): Promise<ClusterMetadata> {
    this.refreshing ??= this.firstAnswer
      .of(this.respondents(metadataRequest([...this.trackedTopics])))
      .then((metadata) => this.learn(metadata))
      .finally(() => {
        this.refreshing = undefined;
      });
    return this.refreshing;
  }

  /** Sends to any broker that answers, to several if one is slow. @throws TransportError when none does | LogError */
  async sendToAny<R>(request: KafkaRequest<R>): Promise<R> {
    if (this.addresses.size === 0) await this.refreshMetadata();
    return this.firstAnswer.of(this.respondents(request));
  }

  /** Sends to the coordinator of a group or transactional id. @throws as `send`, and LogError. */
  async sendToCoordinator<R>(kind: CoordinatorKind, key: string, request: KafkaRequest<R>): Promise<R> {
    const coordinator = await this.coordinators.find(kind, key);
    this.addresses.set(coordinator.nodeId, coordinator);
    try {
      return await this.send(coordinator.nodeId, 'control', request);
    } catch (error) {
      this.forgetCoordinator(kind, key);
      throw error;
    }
  }

  /** After an answer that somebody else coordinates it now. */
  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.coordinators.forget(kind, key);
  }

  /**
   * Tries until it is done, for `deliveryTimeoutMs` at most; before any broker was ever reached, for
   * `bootstrapTimeoutMs`. `what` says what failed, for the error; `attempt` counts from 0.
   * @throws LogError `unreachable`
   */
  async untilDone<T>(what: string, operation: (attempt: number) => Promise<Try<T>>): Promise<T> {
    const { clock } = this.host;
    const startedMs = clock.monotonicMs();
    for (let attempt = 0; ; attempt++) {
      const outcome = await tryOnce(operation, attempt);
      if (outcome.kind === 'done') return outcome.value;
      const timeoutMs = this.hasBeenReached
        ? this.config.requests.deliveryTimeoutMs
        : this.config.bootstrapTimeoutMs;
      if (this.isClosed) throw new LogError('internal', `${what}: the Kafka client was closed.`);
      if (clock.monotonicMs() - startedMs >= timeoutMs) throw this.unreachable(what, timeoutMs, outcome.why);
      await this.pauses.pause(outcome.afterMs ?? this.backoffMs(attempt));
    }
  }

  /** How long to wait before the retry after attempt number `attempt`, counted from 0. */
  backoffMs(attempt: number, bounds: BackoffBounds = this.config.requests): number {
    return backoffMs(attempt, this.host.random.next(), bounds);
  }

  pause(delayMs: number): Promise<void> {
    return this.pauses.pause(delayMs);
  }

  close(): void {
    this.isClosed = true;
    this.pauses.close();
    for (const lane of this.lanes) lane.close();
    this.lanes.clear();
  }

  unreachable(what: string, timeoutMs: number, why: string): LogError {
    const message = this.hasBeenReached
      ? `${what}: no success with Kafka at ${this.name} for ${timeoutMs} ms (${why}). Check that the brokers are up and can reach each other.`
      : `Kafka at ${this.name} can't be reached (tried for ${timeoutMs} ms; ${why}). Start the broker, or correct the list of brokers (--brokers, bootstrap.servers).`;
    return new LogError('unreachable', message);
  }

  private newLane(address: () => BrokerAddress, naming?: ConnectionNaming): BrokerLane {
    const { clientId, requestTimeoutMs } = naming ?? this.connections;
    const settings = { ...this.connections, clientId, requestTimeoutMs };
    const lane = new BrokerLane(address, settings, this.host.clock);
    this.lanes.add(lane);
    if (this.isClosed) lane.close();
    return lane;
  }

  private addressOf(nodeId: number): BrokerAddress {
    const address = this.addresses.get(nodeId) ?? this.config.bootstrap[0];
    if (address === undefined) throw new LogError('internal', `Broker ${nodeId} is in no metadata.`);
    return address;
  }

  /** Known brokers first; the configured addresses in case that all of those have gone or moved. */
  private respondents<R>(request: KafkaRequest<R>): readonly Respondent<R>[] {
    const known = [...this.addresses.keys()].map((nodeId) => ({
      name: `broker ${nodeId}`,
      ask: () => this.send(nodeId, 'control', request),
    }));
    const configured = this.config.bootstrap.map((address) => ({
      name: `${address.host}:${address.port}`,
      ask: () => this.sendOnce(address, request),
    }));
    return [...known, ...configured];
  }

  private async sendOnce<R>(address: BrokerAddress, request: KafkaRequest<R>): Promise<R> {
    const lane = this.newLane(() => address);
    try {
      return await lane.send(request);
    } finally {
      this.closeLane(lane);
    }
  }

  private learn(metadata: ClusterMetadata): ClusterMetadata {
    this.hasBeenReached = true;
    for (const { nodeId, host, port } of metadata.brokers) this.addresses.set(nodeId, { host, port });
    for (const nodeId of this.addresses.keys()) {
      if (!metadata.brokers.some((broker) => broker.nodeId === nodeId)) this.addresses.delete(nodeId);
    }
    const nowMs = this.host.clock.monotonicMs();
    for (const { topic, errorCode: code, partitions } of metadata.topics) {
      if (code === errorCode.unknownTopicOrPartition) {
        const { firstMs = nowMs } = this.missingTopics.get(topic) ?? {};
        this.missingTopics.set(topic, { firstMs, lastMs: nowMs });
      } else this.missingTopics.delete(topic);
      if (code !== errorCode.none) continue;
      const leaders: number[] = [];
      for (const partition of partitions) leaders[partition.partition] = partition.leader;
      this.leaders.set(topic, leaders);
    }
    return metadata;
  }
}

async function tryOnce<T>(operation: (attempt: number) => Promise<Try<T>>, attempt: number): Promise<Try<T>> {
  try {
    return await operation(attempt);
  } catch (error) {
    if (error instanceof TransportError || error instanceof RetriableAnswer) {
      return { kind: 'again', why: error.message };
    }
    throw error;
  }
}
