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

  constructor(connection: LogConnection, appenders: Set<BatchingAppender>) {
    this.connection = connection;
    this.appenders = appenders;
  }

  async begin(transactionalId: string, options: TransactionOptions): Promise<LogTransaction> {
    const { transactionTimeoutMs } = options;
    const handle = await this.connection.request({
      kind: 'begin-transaction',
      transactionalId,
      transactionTimeoutMs,
    });
    const appender = new BatchingAppender(this.connection, options, handle, () =>
      this.appenders.delete(appender),
    );
    this.appenders.add(appender);
    return new ConnectedTransaction(this.connection, handle, appender);
  }

  async commit(prepared: PreparedTransaction): Promise<void> {
    const { transactionalId, producerId, producerEpoch } = prepared;
    const transaction: TransactionHandle = { transactionalId, producerId: Number(producerId), producerEpoch };
    await this.connection.request({ kind: 'end-transaction', outcome: 'commit', transaction });
  }

  async fence(transactionalId: string, transactionTimeoutMs: number): Promise<void> {
    await this.connection.request({ kind: 'begin-transaction', transactionalId, transactionTimeoutMs });
  }
}

class ConnectedTransaction implements LogTransaction {
  private readonly connection: LogConnection;
  private readonly handle: TransactionHandle;
  private readonly appender: BatchingAppender;
  private phase: 'open' | 'preparing' | 'prepared' | 'ended' = 'open';
  private isEmpty = true;

  constructor(connection: LogConnection, handle: TransactionHandle, appender: BatchingAppender) {
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
  }

  /** Aborts what is not prepared; a prepared transaction stays as it is. */
  async close(): Promise<void> {
    if (this.phase === 'prepared') return;
    await this.abort();
  }
}
