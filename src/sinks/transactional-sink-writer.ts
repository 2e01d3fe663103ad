import { logFailure } from '../log/log-failure.js';
import { type AppendSettings, LogError } from '../log/log-port.js';
import { withLogRetries } from '../log/log-retries.js';
import type { LogTransaction, PreparedTransaction } from '../log/log-transactions.js';
import { transactionalIdsOfAttempt } from '../log/transactional-id.js';
import { MillraceError } from '../protocol/failures.js';
import type { CheckpointId } from '../protocol/ids.js';
import type { SinkWriterMetrics } from '../protocol/messages.js';
import { appendBufferBytes } from './appending-sink-writer.js';
import { BackpressureHold } from './backpressure-hold.js';
import { commitFailure } from './commit-failure.js';
import { DeferredAppender } from './deferred-appender.js';
import { recordBytes } from './record-bytes.js';
import type { RecordEncoder } from './record-encoder.js';
import type { SinkTransactions, SinkWriter, SinkWriterContext } from './sink.js';
import { TransactionCommitter } from './transaction-committer.js';
import { TransactionPool } from './transaction-pool.js';
import { TransactionStarter } from './transaction-starter.js';

/**
 * Two-phase commit. Invariants: the records between two barriers are in one transaction of their own, which
 * is prepared before the checkpoint is acknowledged and committed only once it is complete; so a restart
 * from that checkpoint neither lacks one of them nor writes one again. And nothing of an epoch (what lies
 * between two barriers) is sent before the log has acknowledged all of the epoch before: two transactions
 * on their way at once could change places, and a key's records with them.
 *
 * The next epoch's transaction is begun ahead. Its records wait in memory, within a bound, until it may be
 * written. An epoch without records has no transaction: the one begun for it serves the next.
 */
export class TransactionalSinkWriter<T> implements SinkWriter<T> {
  private readonly context: SinkWriterContext;
  private readonly encoder: RecordEncoder<T>;
  private readonly settings: AppendSettings;
  private readonly transactionTimeoutMs: number;
  private readonly pool: TransactionPool;
  private readonly starter: TransactionStarter;
  private readonly committer: TransactionCommitter;
  private readonly hold: BackpressureHold;
  /** What is written goes here. */
  private epoch = new DeferredAppender<LogTransaction>();
  /** Epochs without a transaction, oldest first; the last of them may be `epoch`. */
  private readonly waiting: DeferredAppender<LogTransaction>[] = [this.epoch];
  /** The one epoch that has its transaction and is not prepared yet. */
  private writing: DeferredAppender<LogTransaction> | undefined;
  /** Acknowledgements follow each other: each names what the one before it prepared. */
  private lastPrepare: Promise<unknown> = Promise.resolve();
  private commitWaiters: (() => void)[] = [];
  private failure: MillraceError | undefined;
  private isClosed = false;
  private numRecordsSend = 0;
  private numBytesSend = 0;

  constructor(
    context: SinkWriterContext,
    encoder: RecordEncoder<T>,
    settings: AppendSettings,
    transactions: SinkTransactions,
  ) {
    this.context = context;
    this.encoder = encoder;
    this.settings = settings;
    this.transactionTimeoutMs = transactions.transactionTimeoutMs;
    this.hold = new BackpressureHold(context.availability, context.operatorName);
    const { subtaskIndex, attempt } = context;
    const ids = transactionalIdsOfAttempt({ ...transactions, subtaskIndex }, attempt);
    this.pool = new TransactionPool(ids, context.restoredCommittables);
    if (this.pool.isExhaustedByRestore) throw this.exhausted('the restored checkpoint names all of them');
    this.starter = new TransactionStarter({
      pool: this.pool,
      begin: (transactionalId) => this.begin(transactionalId),
      onReady: () => this.attachTransaction(),
      onFailed: (transactionalId, error) => {
        if (!this.isClosed) this.fail(`Beginning transaction ${transactionalId}`, error);
      },
    });
    this.committer = new TransactionCommitter({
      clock: context.clock,
      commit: async (transaction) => (await context.log()).transactions.commit(transaction),
      onCommitted: (transaction) => this.onCommitted(transaction),
      onFailed: (transaction, error) =>
        this.failWith(commitFailure(`Sink "${context.operatorName}"`, transaction, error)),
    });
    this.starter.beginAhead();
  }

  write(value: T, timestamp: number): void {
    const record = this.encoder.encode(value, timestamp);
    this.epoch.append(record);
    this.numRecordsSend += 1;
    this.numBytesSend += recordBytes(record);
    this.hold.afterWrite(this.epoch.isWritable, record);
  }

  prepare(checkpointId: CheckpointId): Promise<readonly PreparedTransaction[]> {
    const closing = this.epoch;
    if (!closing.isEmpty) this.startEpoch();
    const prepared = closing.isEmpty ? undefined : this.prepareTransaction(closing, checkpointId);
    const acknowledged = this.acknowledge(checkpointId, this.lastPrepare, prepared);
    this.lastPrepare = acknowledged;
    return acknowledged;
  }

  notifyCheckpointComplete(checkpointId: CheckpointId): void {
    if (this.failure !== undefined) return;
    this.committer.enqueue(this.pool.complete(checkpointId));
    this.starter.beginAhead();
  }

  notifyCheckpointAborted(): void {
    // Only a checkpoint's completion frees ids, and the next barrier may be behind records that wait for one.
    if (this.waiting.length > 0 && this.starter.isDry) {
      this.failWith(this.exhausted('the checkpoint that would have freed one was aborted'));
    }
  }

  metrics(): SinkWriterMetrics {
    const { numRecordsSend, numBytesSend, committer, pool } = this;
    return {
      numRecordsSend,
      numBytesSend,
      pendingCommittables: pool.preparedCount,
      successfulCommittables: committer.commitsSucceeded,
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.committer.drained();
    this.committer.stop();
    this.abandonWaiting(new Error(`Sink "${this.context.operatorName}" was closed.`));
    const unused = await this.starter.stop();
    await this.lastPrepare.catch(() => {});
    await Promise.all([unused, this.epoch.appender].map((transaction) => abortQuietly(transaction)));
  }

  private startEpoch(): void {
    this.epoch = new DeferredAppender<LogTransaction>();
    this.waiting.push(this.epoch);
    this.hold.update(this.epoch.isWritable);
  }

  /** Gives the transaction begun ahead to the oldest epoch without one, once the epoch before is prepared. */
  private attachTransaction(): void {
    const next = this.waiting[0];
    if (next === undefined || this.writing !== undefined) return;
    const transaction = this.starter.take();
    if (transaction === undefined) return;
    this.waiting.shift();
    this.writing = next;
    next.attach(transaction);
    this.hold.update(this.epoch.isWritable);
  }

  private async begin(transactionalId: string): Promise<LogTransaction> {
    const log = await this.context.log();
    return withLogRetries(
      this.context.clock,
      () => this.isClosed,
      () =>
        log.transactions.begin(transactionalId, {
          ...this.settings,
          transactionTimeoutMs: this.transactionTimeoutMs,
          bufferBytes: appendBufferBytes,
          onWritable: () => this.hold.update(this.epoch.isWritable),
          onError: (error) => this.fail(`Writing in transaction ${transactionalId}`, error),
        }),
    );
  }

  private async prepareTransaction(
    closing: DeferredAppender<LogTransaction>,
    checkpointId: CheckpointId,
  ): Promise<void> {
    const transaction = await closing.whenAttached();
    try {
      const prepared = await transaction.prepare();
      if (prepared === undefined) throw new Error('The log prepared nothing, though records were appended.');
      this.pool.prepared(prepared, checkpointId);
      this.writing = undefined;
    } catch (error) {
      this.fail(`Preparing transaction ${transaction.transactionalId} for checkpoint ${checkpointId}`, error);
      throw this.failure;
    }
    this.attachTransaction();
  }

  private async acknowledge(
    checkpointId: CheckpointId,
    previous: Promise<unknown>,
    prepared: Promise<void> | undefined,
  ): Promise<readonly PreparedTransaction[]> {
    await Promise.all([previous, prepared]);
    for (;;) {
      if (this.failure !== undefined) throw this.failure;
      const acknowledgement = this.pool.acknowledge(checkpointId);
      switch (acknowledgement.kind) {
        case 'acknowledged':
          return acknowledgement.transactions;
        case 'wait-for-commits':
          await new Promise<void>((resolve) => this.commitWaiters.push(resolve));
          break;
        case 'exhausted':
          throw this.failWith(this.exhausted('too many checkpoints in a row were aborted'));
        default:
          acknowledgement satisfies never;
      }
    }
  }

  private onCommitted(transaction: PreparedTransaction): void {
    this.pool.committed(transaction.transactionalId);
    this.wakeCommitWaiters();
  }

  private wakeCommitWaiters(): void {
    for (const wake of this.commitWaiters.splice(0)) wake();
  }

  private fail(what: string, error: unknown): void {
    const { operatorName, subtaskIndex } = this.context;
    this.failWith(logFailure(`${what} in sink "${operatorName}" (subtask ${subtaskIndex})`, error));
  }

  /** A failed transaction fails the attempt, not just its checkpoint: its records exist nowhere else. */
  private failWith(failure: MillraceError): MillraceError {
    if (this.failure !== undefined) return this.failure;
    this.failure = failure;
    this.committer.stop();
    this.abandonWaiting(failure);
    this.wakeCommitWaiters();
    this.context.fail(failure);
    return failure;
  }

  private abandonWaiting(error: Error): void {
    for (const epoch of this.waiting) epoch.abandon(error);
  }

  private exhausted(reason: string): MillraceError {
    return new MillraceError(
      `Sink "${this.context.operatorName}" has no transactional id left to write with: ${reason}. Raise its transactionPoolSize, or find out why checkpoints do not complete.`,
      { domain: 'outside-system', action: 'restart' },
    );
  }
}

/** Readers of committed records get past an aborted transaction at once; otherwise the next attempt's fencing does it. */
async function abortQuietly(transaction: LogTransaction | undefined): Promise<void> {
  try {
    await transaction?.abort();
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
  }
}
