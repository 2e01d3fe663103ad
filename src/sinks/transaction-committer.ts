import type { Clock } from '../host/clock.js';
import { withLogRetries } from '../log/log-retries.js';
import type { PreparedTransaction } from '../log/log-transactions.js';

/** What the committer needs of the sink around it. */
export interface TransactionCommitterContext {
  readonly clock: Clock;
  commit(transaction: PreparedTransaction): Promise<void>;
  onCommitted(transaction: PreparedTransaction): void;
  /** A commit failed for good. Nothing further is committed: settlement does it, before the next attempt. */
  onFailed(transaction: PreparedTransaction, error: unknown): void;
}

/**
 * Commits in the background, one at a time, in the order given (oldest first): readers wait for the oldest
 * open transaction anyway. The queue is bounded by the sink's pool, since each entry holds an id of it.
 */
export class TransactionCommitter {
  commitsSucceeded = 0;
  private readonly context: TransactionCommitterContext;
  private readonly queue: PreparedTransaction[] = [];
  private running: Promise<void> | undefined;
  private isStopped = false;

  constructor(context: TransactionCommitterContext) {
    this.context = context;
  }

  enqueue(transactions: readonly PreparedTransaction[]): void {
    this.queue.push(...transactions);
    if (this.queue.length > 0) this.running ??= this.run();
  }

  /** Resolves when nothing is left to commit, or the committing has failed. */
  async drained(): Promise<void> {
    await this.running;
  }

  /** Begins no further commit, and no further try of the one under way. */
  stop(): void {
    this.isStopped = true;
  }

  private async run(): Promise<void> {
    for (let next = this.queue.shift(); next !== undefined && !this.isStopped; next = this.queue.shift()) {
      const transaction = next;
      try {
        await withLogRetries(
          this.context.clock,
          () => this.isStopped,
          () => this.context.commit(transaction),
        );
      } catch (error) {
        this.isStopped = true;
        this.context.onFailed(transaction, error);
        break;
      }
      this.commitsSucceeded += 1;
      this.context.onCommitted(transaction);
    }
    this.running = undefined;
  }
}
