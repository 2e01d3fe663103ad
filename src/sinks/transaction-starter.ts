import { LogError } from '../log/log-port.js';
import type { LogTransaction } from '../log/log-transactions.js';
import type { TransactionPool } from './transaction-pool.js';

/** What the starter needs of the sink around it. */
export interface TransactionStarterContext {
  readonly pool: TransactionPool;
  begin(transactionalId: string): Promise<LogTransaction>;
  /** `take` would give one now. */
  onReady(): void;
  onFailed(transactionalId: string, error: unknown): void;
}

/**
 * Keeps one transaction begun ahead, so that the epoch behind a barrier can write at once. An empty
 * transaction costs the log nothing and does not time out: its time counts from its first record.
 */
export class TransactionStarter {
  private readonly context: TransactionStarterContext;
  private ready: LogTransaction | undefined;
  private beginning: Promise<void> | undefined;
  private isStopped = false;

  constructor(context: TransactionStarterContext) {
    this.context = context;
  }

  /** The one begun ahead, if any; the next is begun in its place. */
  take(): LogTransaction | undefined {
    const transaction = this.ready;
    this.ready = undefined;
    this.beginAhead();
    return transaction;
  }

  /** Begins one, unless one is there or under way or no id is free; call it again when ids were freed. */
  beginAhead(): void {
    if (this.isStopped || this.ready !== undefined || this.beginning !== undefined) return;
    const transactionalId = this.context.pool.acquire();
    if (transactionalId !== undefined) this.beginning = this.begin(transactionalId);
  }

  /** Nothing is begun or being begun: no id is free. */
  get isDry(): boolean {
    return this.ready === undefined && this.beginning === undefined;
  }

  /** Begins nothing more; resolves with what was begun and not taken. */
  async stop(): Promise<LogTransaction | undefined> {
    this.isStopped = true;
    await this.beginning;
    const transaction = this.ready;
    this.ready = undefined;
    return transaction;
  }

  private async begin(transactionalId: string): Promise<void> {
    try {
      this.ready = await this.context.begin(transactionalId);
      this.beginning = undefined;
    } catch (error) {
      const other = this.otherAfter(transactionalId, error);
      if (other !== undefined) return this.begin(other);
      // `beginning` stays set: after a failure nothing more is begun.
      this.context.onFailed(transactionalId, error);
      return;
    }
    if (!this.isStopped) this.context.onReady();
  }

  /** A begin that was not answered may come late, and abort what its id has prepared by then. */
  private otherAfter(transactionalId: string, error: unknown): string | undefined {
    if (!(error instanceof LogError) || error.code !== 'begin-unanswered' || this.isStopped) return undefined;
    this.context.pool.abandon(transactionalId);
    return this.context.pool.acquire();
  }
}
