import type { LogRecord } from '../log-port.js';
import { LogError } from '../log-port.js';
import type {
  LogTransaction,
  LogTransactions,
  PreparedTransaction,
  TransactionOptions,
} from '../log-transactions.js';
import { BatchingAppender } from './batching-appender.js';
import type { LogConnection } from './log-connection.js';
import type { TransactionHandle } from './log-requests.js';

/** Two-phase commit by requests. */
export class ConnectedTransactions implements LogTransactions {
  private readonly connection: LogConnection;
  private readonly appenders: Set<BatchingAppender>;
  /**
   * The last handle of each id that this client began, and whether it has ended that transaction itself. Only
   * then does the id's next begin expect it: the log raises the epoch as it aborts an open one, and would
   * refuse the begin itself; and it takes a begin that expects a former epoch for a resent one, so two
   * clients that expected the same would be given the same handle. Bounded by the ids in use.
   */
  private readonly begun = new Map<string, { readonly handle: TransactionHandle; isEnded: boolean }>();

  constructor(connection: LogConnection, appenders: Set<BatchingAppender>) {
    this.connection = connection;
    this.appenders = appenders;
  }

  async begin(transactionalId: string, options: TransactionOptions): Promise<LogTransaction> {
    const former = this.begun.get(transactionalId);
    const expected = former?.isEnded ? former.handle : undefined;
    // Once: who was refused, and still begins the id again, means to take it over.
    this.begun.delete(transactionalId);
    const handle = await this.connection.request({
      kind: 'begin-transaction',
      transactionalId,
      transactionTimeoutMs: options.transactionTimeoutMs,
      expected,
    });
    const appender = new BatchingAppender(this.connection, options, handle, () =>
      this.appenders.delete(appender),
    );
    this.appenders.add(appender);
    const begun = { handle, isEnded: false };
    this.begun.set(transactionalId, begun);
    return new ConnectedTransaction(this.connection, handle, appender, () => {
      begun.isEnded = true;
    });
  }

  async commit(prepared: PreparedTransaction): Promise<void> {
    const { transactionalId, producerId, producerEpoch } = prepared;
    const transaction: TransactionHandle = { transactionalId, producerId: Number(producerId), producerEpoch };
    await this.connection.request({ kind: 'end-transaction', outcome: 'commit', transaction });
    const begun = this.begun.get(transactionalId);
    if (begun?.handle.producerId === transaction.producerId && begun.handle.producerEpoch === producerEpoch) {
      begun.isEnded = true;
    }
  }

  async fence(transactionalId: string, transactionTimeoutMs: number): Promise<void> {
    this.begun.delete(transactionalId);
    await this.connection.request({
      kind: 'begin-transaction',
      transactionalId,
      transactionTimeoutMs,
      expected: undefined,
    });
  }
}

class ConnectedTransaction implements LogTransaction {
  private readonly connection: LogConnection;
  private readonly handle: TransactionHandle;
  private readonly appender: BatchingAppender;
  /** Nothing of it is open in the log any more, by this client's own doing. */
  private readonly onEnded: () => void;
  private phase: 'open' | 'preparing' | 'prepared' | 'ended' = 'open';
  private isEmpty = true;

  constructor(
    connection: LogConnection,
    handle: TransactionHandle,
    appender: BatchingAppender,
    onEnded: () => void,
  ) {
    this.onEnded = onEnded;
    this.connection = connection;
    this.handle = handle;
    this.appender = appender;
  }

  get transactionalId(): string {
    return this.handle.transactionalId;
  }

  get isWritable(): boolean {
    return this.phase === 'open' && this.appender.isWritable;
  }

  append(record: LogRecord): void {
    if (this.phase !== 'open') {
      throw new LogError(
        'internal',
        `A record for topic ${record.topic} was appended to transaction ${this.transactionalId}, which is ` +
          `${this.phase}. It belongs into the next transaction.`,
      );
    }
    this.isEmpty = false;
    this.appender.append(record);
  }

  flush(): Promise<void> {
    return this.appender.flush();
  }

  async prepare(): Promise<PreparedTransaction | undefined> {
    if (this.phase !== 'open') {
      throw new LogError('internal', `Transaction ${this.transactionalId} was prepared while ${this.phase}.`);
    }
    this.phase = 'preparing';
    await this.appender.close();
    if (this.isEmpty) {
      this.phase = 'ended';
      this.onEnded();
      return undefined;
    }
    await this.connection.request({ kind: 'prepare-transaction', transaction: this.handle });
    this.phase = 'prepared';
    return {
      transactionalId: this.transactionalId,
      producerId: String(this.handle.producerId),
      producerEpoch: this.handle.producerEpoch,
    };
  }

  async abort(): Promise<void> {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    await this.appender.discard();
    if (!this.isEmpty) {
      await this.connection.request({ kind: 'end-transaction', outcome: 'abort', transaction: this.handle });
    }
    this.onEnded();
  }

  /** Aborts what is not prepared; a prepared transaction stays as it is. */
  async close(): Promise<void> {
    if (this.phase === 'prepared') return;
    await this.abort();
  }
}
