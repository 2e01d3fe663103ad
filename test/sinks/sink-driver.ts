import { string } from '../../src/codecs/string.js';
import { OutputAvailability } from '../../src/exchange/output-availability.js';
import type { LogRequest } from '../../src/log/client/log-requests.js';
import { InMemoryLogClient } from '../../src/log/in-memory/in-memory-log-client.js';
import { InMemoryLogCluster } from '../../src/log/in-memory/in-memory-log-cluster.js';
import {
  type FaultRates,
  RandomLogFaults,
  type RequestFate,
} from '../../src/log/in-memory/in-memory-log-faults.js';
import type { PreparedTransaction } from '../../src/log/log-transactions.js';
import { transactionalIdsOfAttempt } from '../../src/log/transactional-id.js';
import { type CheckpointId, checkpointId, executionAttempt, subtaskIndex } from '../../src/protocol/ids.js';
import { logSink } from '../../src/sinks/log-sink.js';
import { settleTransactions } from '../../src/sinks/settle-transactions.js';
import type { SinkWriter } from '../../src/sinks/sink.js';
import { SimulatedClock, type SimulatedProcessClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

export const outputTopic = 'out';
const prefix = 'p';

/** What a checkpoint's metadata holds of this job: how many elements are before its barrier, and its transactions. */
interface DurableCheckpoint {
  readonly checkpointId: CheckpointId;
  readonly position: number;
  readonly committables: readonly PreparedTransaction[];
}

interface Attempt {
  readonly client: InMemoryLogClient;
  readonly clock: SimulatedProcessClock;
  readonly writer: SinkWriter<string>;
  readonly availability: OutputAvailability;
  failure: unknown;
}

interface PendingCheckpoint {
  readonly checkpointId: CheckpointId;
  readonly position: number;
  committables: readonly PreparedTransaction[] | undefined;
}

/** Longer than any request of a dead process is on its way. It may meet the next attempt, but not the one after that. */
const networkQuietMs = 1_000;
const checkpointTimeoutMs = 20_000;

/**
 * Runs one subtask of an exactly-once sink as a job would: elements 0, 1, 2 …, checkpoints, crashes, and
 * restarts with settlement, on the in-memory log. It checks at every request that no id is begun that the
 * newest durable checkpoint names.
 */
export class SinkDriver {
  readonly clock: SimulatedClock;
  readonly cluster: InMemoryLogCluster;
  restarts = 0;
  position = 0;
  durable: DurableCheckpoint | undefined;
  /** Of the sink, and of settlement. */
  onRequest: (request: LogRequest) => void = () => {};
  private readonly poolSize: number;
  private current: Attempt | undefined;
  private pending: PendingCheckpoint | undefined;
  private nextCheckpoint = 1;
  private lastCrashAtMs = 0;

  constructor(seed: number, poolSize = 8, rates: Partial<FaultRates> = {}) {
    const random = new SimulatedRandom(seed);
    this.clock = new SimulatedClock(random);
    this.poolSize = poolSize;
    const faults = new WatchedFaults(random, rates, (request) => {
      this.assertNotRecorded(request);
      this.onRequest(request);
    });
    this.cluster = new InMemoryLogCluster({ clock: this.clock, random, faults });
    this.cluster.createTopic(outputTopic, 1);
  }

  get attempt(): Attempt {
    if (this.current === undefined) throw new Error('No attempt is running.');
    return this.current;
  }

  async start(): Promise<void> {
    const client = new InMemoryLogClient(this.cluster);
    const clock = this.clock.process();
    const recorded = this.durable?.committables ?? [];
    const recordedIds = new Set(recorded.map((each) => each.transactionalId));
    const pool = { transactionalIdPrefix: prefix, subtaskIndex: 0, poolSize: this.poolSize };
    const ids = transactionalIdsOfAttempt(pool, this.restarts);
    const fences = ids
      .filter((id) => !recordedIds.has(id))
      .map((transactionalId) => ({ transactionalId, transactionTimeoutMs: 900_000 }));
    await this.settled(
      settleTransactions(client, { commits: recorded, fences }, clock, (failure) => {
        throw failure;
      }),
    );
    const attempt = { client, clock, availability: new OutputAvailability(() => {}), failure: undefined };
    this.current = { ...attempt, writer: this.createWriter(attempt, recorded) };
    this.position = this.durable?.position ?? 0;
  }

  /** Writes up to `count` elements, as far as the sink takes them. */
  write(count: number, bytesEach = 10): void {
    for (let i = 0; i < count && this.attempt.availability.isAvailable; i++) {
      this.attempt.writer.write(String(this.position).padEnd(bytesEach, '.'), 1_000 + this.position);
      this.position += 1;
    }
  }

  barrier(): void {
    if (this.pending !== undefined) return;
    const pending: PendingCheckpoint = {
      checkpointId: checkpointId(this.nextCheckpoint++),
      position: this.position,
      committables: undefined,
    };
    this.pending = pending;
    this.attempt.writer.prepare(pending.checkpointId).then(
      (committables) => {
        pending.committables = committables;
      },
      (error: unknown) => {
        if (this.current !== undefined) this.current.failure ??= error;
      },
    );
  }

  /** Waits for the acknowledgement, makes the checkpoint durable, and says so, unless the notification gets lost. */
  async complete(isNotified = true): Promise<boolean> {
    const { pending } = this;
    if (pending === undefined) return false;
    await this.until(
      () => pending.committables !== undefined || this.attempt.failure !== undefined,
      checkpointTimeoutMs,
    );
    if (pending.committables === undefined) return false;
    this.durable = { ...pending, committables: pending.committables };
    this.pending = undefined;
    if (isNotified) this.attempt.writer.notifyCheckpointComplete(pending.checkpointId);
    return true;
  }

  abort(): void {
    if (this.pending === undefined) return;
    this.attempt.writer.notifyCheckpointAborted(this.pending.checkpointId);
    this.pending = undefined;
  }

  async crash(): Promise<void> {
    this.attempt.client.crash();
    this.attempt.clock.kill();
    this.current = undefined;
    this.pending = undefined;
    this.restarts += 1;
    const sinceLastCrashMs = this.clock.monotonicMs() - this.lastCrashAtMs;
    await this.clock.advance(Math.max(0, networkQuietMs - sinceLastCrashMs));
    this.lastCrashAtMs = this.clock.monotonicMs();
    await this.start();
  }

  /** What a dead process had asked for. */
  async beginLate(transactionalId: string): Promise<void> {
    const client = new InMemoryLogClient(this.cluster);
    await this.settled(client.transactions.fence(transactionalId, 900_000));
  }

  async restartIfFailed(): Promise<void> {
    if (this.attempt.failure !== undefined) await this.crash();
  }

  /** Writes up to `total` elements and completes checkpoints until one holds them all, then ends the job. */
  async finish(total: number): Promise<void> {
    this.abort();
    for (let tries = 0; this.durable?.position !== total; tries++) {
      if (tries > 100) throw new Error('No last checkpoint completes.');
      await this.restartIfFailed();
      this.write(total - this.position);
      this.barrier();
      if (!(await this.complete())) this.abort();
    }
    await this.settled(this.attempt.writer.close());
    await this.clock.advance(networkQuietMs);
    if (this.attempt.failure !== undefined) throw this.attempt.failure;
  }

  async close(): Promise<void> {
    await this.settled(this.attempt.writer.close());
  }

  /** Numbers of the elements that a reader of committed records sees, in its order. */
  committed(): number[] {
    return this.cluster
      .committedRecords(outputTopic)
      .map((record) => Number.parseInt(String(record.value), 10));
  }

  async until(done: () => boolean, timeoutMs: number): Promise<boolean> {
    const untilMs = this.clock.monotonicMs() + timeoutMs;
    await new Promise((resolve) => setImmediate(resolve));
    while (!done() && (await this.clock.step(untilMs)));
    return done();
  }

  private async settled<R>(promise: Promise<R>): Promise<R> {
    let isSettled = false;
    const watched = promise.finally(() => {
      isSettled = true;
    });
    watched.catch(() => {});
    await this.until(() => isSettled, 600_000);
    if (!isSettled) throw new Error('Nothing settles.');
    return watched;
  }

  private createWriter(
    attempt: Omit<Attempt, 'writer'>,
    restoredCommittables: readonly PreparedTransaction[],
  ): SinkWriter<string> {
    const sink = logSink({
      topic: outputTopic,
      value: string(),
      deliveryGuarantee: 'exactly-once',
      transactionalIdPrefix: prefix,
      transactionPoolSize: this.poolSize,
    });
    return sink.createWriter({
      operatorName: 'out',
      subtaskIndex: subtaskIndex(0),
      parallelism: 1,
      attempt: executionAttempt(this.restarts + 1),
      restoredCommittables,
      availability: attempt.availability,
      clock: attempt.clock,
      log: async () => attempt.client,
      fail: (error) => {
        // The real runtime ends the attempt; the driver does at its next step.
        if (this.current?.client === attempt.client) this.current.failure ??= error;
        else attempt.failure ??= error;
      },
    });
  }

  private assertNotRecorded(request: LogRequest): void {
    if (request.kind !== 'begin-transaction') return;
    const named = this.durable?.committables.some((each) => each.transactionalId === request.transactionalId);
    if (named === true) {
      throw new Error(
        `${request.transactionalId} is begun while durable checkpoint ${this.durable?.checkpointId} names it.`,
      );
    }
  }
}

/** Random faults, with an eye on every request that is sent. */
class WatchedFaults extends RandomLogFaults {
  private readonly onRequest: (request: LogRequest) => void;

  constructor(random: SimulatedRandom, rates: Partial<FaultRates>, onRequest: (request: LogRequest) => void) {
    super(random, rates);
    this.onRequest = onRequest;
  }

  override fateOf(request: LogRequest): RequestFate {
    this.onRequest(request);
    return super.fateOf(request);
  }
}
