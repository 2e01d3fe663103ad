import type { CancelTimer } from '../../../host/clock.js';
import { type AppenderOptions, LogError, type LogRecord } from '../../log-port.js';
import { answerError } from '../answer-error.js';
import type { KafkaCluster } from '../kafka-cluster.js';
import { filledIn, type ResolvedKafkaConfig } from '../kafka-config.js';
import { OnceATurn } from '../once-a-turn.js';
import { errorCode, errorName } from '../protocol/error-codes.js';
import type { ProducerIdentity } from '../protocol/init-producer-id.js';
import { produceRequest } from '../protocol/produce.js';
import { missingTopicGraceMs, newTopicGraceMs, unknownTopics } from '../topic-administration.js';
import { TransportError } from '../transport/transport-error.js';
import { type Departure, withinRequestBytes } from './departure.js';
import type { EncoderPool } from './encoder-pool.js';
import type { PartitionQueue } from './partition-queue.js';
import { isProducerRefused, type ProducerSession } from './producer-session.js';
import { RecordAccumulator, recordTooLarge } from './record-accumulator.js';

/**
 * Sends records in batches, in the background. Everything that happens (an append, an answer, the end of a
 * pause) ends in `pump`, which sends what is due: while a partition's batch is under way its next one
 * fills, so batches grow with the load.
 *
 * An unknown outcome is answered by sending the same bytes again: the log knows them by producer id, epoch
 * and sequence number. After `deliveryTimeoutMs` the sender fails, once and for good.
 */
export class RecordSender {
  private readonly cluster: KafkaCluster;
  private readonly options: AppenderOptions;
  private readonly session: ProducerSession;
  private readonly records: RecordAccumulator;
  private readonly requests: ResolvedKafkaConfig['requests'];
  private readonly batches: ResolvedKafkaConfig['batches'];
  private readonly requestBytes: number;
  private readonly underWay = new Set<Promise<void>>();
  /** What is asked of the cluster at present, so that it is asked once. */
  private readonly asking = new Set<'identity' | 'admission' | 'topics' | 'leaders'>();
  private identity: ProducerIdentity | undefined;
  /** Once for all that is appended in one turn. */
  private readonly pumping = new OnceATurn(() => this.pump());
  /** Since when leaders don't find the transaction at what they take for its coordinator. */
  private unverifiedSinceMs: number | undefined;
  private isEnded = false;
  private cancelLinger: CancelTimer | undefined;

  constructor(
    cluster: KafkaCluster,
    encoders: EncoderPool,
    options: AppenderOptions,
    session: ProducerSession,
  ) {
    this.cluster = cluster;
    this.options = options;
    this.session = session;
    this.requests = filledIn(options, cluster.config.requests);
    this.batches = filledIn(options, cluster.config.batches);
    this.requestBytes = this.batches.requestBytes ?? requestBytesMax;
    this.records = new RecordAccumulator({
      bufferBytes: options.bufferBytes,
      batchBytes: this.batches.batchBytes,
      lingerMs: this.batches.lingerMs,
      recordBytesMax: this.batches.requestBytes ?? recordBytesMax,
      random: cluster.host.random,
      encoders,
      partitioner: options.partitioner,
      onWritable: options.onWritable,
      partitionCount: (topic) => cluster.partitionCount(topic),
    });
  }

  get isWritable(): boolean {
    return this.records.isWritable;
  }

  append(record: LogRecord): void {
    if (this.isEnded) return;
    try {
      if (this.records.append(record, this.cluster.host.clock.monotonicMs())) this.pumping.request();
      else this.linger();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Resolves when everything appended before is acknowledged. @throws what the sender failed with */
  flush(): Promise<void> {
    const flushed = this.records.flush();
    this.pumping.request();
    return flushed;
  }

  /** Sends nothing more; resolves when what was under way is answered or given up. */
  async end(why: Error): Promise<void> {
    this.isEnded = true;
    this.cancelLinger?.();
    this.records.fail(why);
    await Promise.all(this.underWay);
  }

  private fail(error: unknown): void {
    if (this.isEnded) return;
    const failure = error instanceof Error ? error : new LogError('internal', String(error));
    void this.end(failure);
    this.options.onError(failure);
  }

  private pump(): void {
    if (this.isEnded) return;
    try {
      const nowMs = this.cluster.host.clock.monotonicMs();
      const unknownTopicNames = this.records.routeWaiting(nowMs);
      if (unknownTopicNames.length > 0) this.learnTopics(unknownTopicNames);
      const due = this.records.dueQueues(nowMs);
      if (due.length > 0) this.dispatch(due);
      if (this.records.isLingering) this.linger();
    } catch (error) {
      this.fail(error);
    }
  }

  private linger(): void {
    this.cancelLinger ??= this.cluster.host.clock.setTimer(this.batches.lingerMs, () => {
      this.cancelLinger = undefined;
      this.pump();
    });
  }

  private dispatch(due: readonly PartitionQueue[]): void {
    const { identity } = this;
    if (identity === undefined) {
      this.ask('identity', async () => {
        this.identity = await this.session.identify();
      });
      return;
    }
    const strangers = due.filter((queue) => !queue.isAdmitted);
    if (strangers.length > 0) {
      this.ask('admission', async () => {
        await this.session.admit(strangers);
        for (const queue of strangers) queue.isAdmitted = true;
      });
    }
    const byLeader = new Map<number, Departure[]>();
    for (const queue of due) {
      if (!queue.isAdmitted) continue;
      const leader = this.cluster.leaderOf(queue.topic, queue.partition);
      if (leader === undefined) {
        this.putOff(queue, queue.waitingSinceMs, 'the partition has no known leader');
        continue;
      }
      const batch = this.records.take(queue);
      if (batch === undefined) continue;
      const departures = byLeader.get(leader);
      if (departures === undefined) byLeader.set(leader, [{ queue, batch }]);
      else departures.push({ queue, batch });
    }
    for (const [leader, departures] of byLeader) {
      for (const group of withinRequestBytes(departures, this.requestBytes)) {
        const sent: Promise<void> = this.send(leader, group, identity).finally(() => {
          this.underWay.delete(sent);
          this.pumping.request();
        });
        this.underWay.add(sent);
      }
    }
  }

  private async send(
    leader: number,
    departures: readonly Departure[],
    identity: ProducerIdentity,
  ): Promise<void> {
    const { transactionalId } = this.session;
    const batches = departures.map(({ queue, batch }) => ({
      topic: queue.topic,
      partition: queue.partition,
      batch: batch.encode(identity, transactionalId !== null, this.batches.compression),
    }));
    try {
      const options = { transactionalId, ackTimeoutMs: this.requests.requestTimeoutMs };
      const answers = await this.cluster.send(
        leader,
        'produce',
        produceRequest(batches, options),
        this.requests,
      );
      if (this.isEnded) return;
      for (const departure of departures) {
        const { topic, partition } = departure.queue;
        const answer = answers.find((a) => a.topic === topic && a.partition === partition);
        if (answer === undefined) this.sendAgain(departure, 'the broker did not answer for the partition');
        else this.settle(departure, answer.errorCode);
      }
    } catch (error) {
      if (!(error instanceof TransportError)) this.fail(error);
      else for (const departure of departures) this.sendAgain(departure, error.message);
    }
  }

  private settle(departure: Departure, code: number): void {
    const { queue, batch } = departure;
    if (code === errorCode.none || code === errorCode.duplicateSequenceNumber) {
      this.unverifiedSinceMs = undefined;
      this.records.acknowledged(queue, batch);
    } else if (code === errorCode.invalidTxnState && this.mayYetBeVerified()) {
      this.sendAgain(departure, 'the broker does not know of the transaction yet');
    } else if (code === errorCode.messageTooLarge || code === errorCode.recordListTooLarge) {
      if (batch.recordCount > 1) queue.putBack(...batch.split(queue.topic, queue.partition));
      else
        this.fail(recordTooLarge(batch.firstRecord(queue.topic, queue.partition), 'the broker refused it'));
    } else if (isProducerRefused(code)) {
      this.fail(this.session.refused(code));
    } else {
      const error = answerError(`Appending to topic ${queue.topic}, partition ${queue.partition}`, code);
      if (error instanceof LogError) this.fail(error);
      else this.sendAgain(departure, `the broker answered ${errorName(code)}`);
    }
  }

  /** A leader asks the coordinator before it takes a batch, and may ask one that has just been replaced. */
  private mayYetBeVerified(): boolean {
    const nowMs = this.cluster.host.clock.monotonicMs();
    this.unverifiedSinceMs ??= nowMs;
    return nowMs - this.unverifiedSinceMs < verificationGraceMs;
  }

  private sendAgain({ queue, batch }: Departure, why: string): void {
    if (batch.attempts > this.batches.retries) {
      this.fail(notAcknowledged(queue, `after ${batch.attempts} tries`, why));
      return;
    }
    queue.putBack(batch);
    this.putOff(queue, batch.openedMs, why);
  }

  /** Lets a partition rest, with fresh metadata afterwards; after `deliveryTimeoutMs` it is an error. */
  private putOff(queue: PartitionQueue, sinceMs: number | undefined, why: string): void {
    if (this.isEnded) return;
    const { clock } = this.cluster.host;
    const waitedMs = clock.monotonicMs() - (sinceMs ?? clock.monotonicMs());
    const timeoutMs = this.requests.deliveryTimeoutMs;
    if (this.cluster.missingForMs(queue.topic) >= Math.min(missingTopicGraceMs, timeoutMs)) {
      this.fail(unknownTopics(this.cluster, [queue.topic]));
      return;
    }
    if (waitedMs >= timeoutMs) {
      this.fail(notAcknowledged(queue, `within ${timeoutMs} ms`, why));
      return;
    }
    const delayMs = this.cluster.backoffMs(queue.pauses, this.requests);
    queue.pauses++;
    queue.isPaused = true;
    this.ask('leaders', () => this.refreshLeaders());
    this.cluster.pause(delayMs).then(
      () => {
        queue.isPaused = false;
        this.pumping.request();
      },
      // The client was closed.
      () => {},
    );
  }

  private learnTopics(topics: readonly string[]): void {
    this.ask('topics', async () => {
      this.cluster.track(topics);
      await this.cluster.untilDone(`Appending to ${topics.join(', ')}`, async () => {
        await this.cluster.refreshMetadata();
        const unknown = topics.filter((topic) => this.cluster.partitionCount(topic) === undefined);
        if (unknown.length === 0) return { kind: 'done', value: undefined };
        const missing = unknown.filter((topic) => this.cluster.missingForMs(topic) >= newTopicGraceMs);
        if (missing.length > 0) throw unknownTopics(this.cluster, missing);
        return { kind: 'again', why: `no metadata of ${unknown.join(', ')}` };
      });
    });
  }

  private async refreshLeaders(): Promise<void> {
    try {
      await this.cluster.refreshMetadata();
    } catch (error) {
      // The next try of the batch says how long this may go on.
      if (!(error instanceof TransportError)) throw error;
    }
  }

  /** Asks something of the cluster unless that is being asked already, and goes on when it is there. */
  private ask(what: 'identity' | 'admission' | 'topics' | 'leaders', question: () => Promise<void>): void {
    if (this.asking.has(what)) return;
    this.asking.add(what);
    const asked: Promise<void> = question()
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.asking.delete(what);
        this.underWay.delete(asked);
        this.pumping.request();
      });
    this.underWay.add(asked);
  }
}

function notAcknowledged(queue: PartitionQueue, bound: string, why: string): LogError {
  return new LogError(
    'delivery-timeout',
    `Topic ${queue.topic}, partition ${queue.partition}: records were not acknowledged ${bound} (${why}). ` +
      "Check that the partition's leader is up and has enough in-sync replicas.",
  );
}

/**
 * A coordinator that was cut off for a while goes on answering from what it knew, until it hears of its successor:
 * within a broker's session time-out, 9 s by default. Nothing was written, so the same batch can be sent again.
 */
const verificationGraceMs = 15_000;

/** A broker refuses requests beyond 100 MB, and long before that they only add latency. */
const requestBytesMax = 8 * 1024 * 1024;
/** Beyond this a broker (socket.request.max.bytes, 100 MB by default) would close the connection without a word. */
const recordBytesMax = 64 * 1024 * 1024;
