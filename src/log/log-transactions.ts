import type { AppenderOptions, LogAppender } from './log-port.js';

/**
 * Two-phase commit on a log, with Kafka's semantics. Invariants the callers keep, since the log can't:
 * a transactional id named in the newest durable checkpoint metadata is not begun again; nothing is
 * appended to a prepared transaction; `commit` is called only for what durable metadata names.
 */
export interface LogTransactions {
  /**
   * Begins a transaction under an id (Kafka: InitProducerId, which aborts whatever that id left open and
   * fences its former user). Retries while the log still finishes the id's former transaction.
   * @throws LogError `begin-unanswered` when the request may still arrive, at any time: it would abort what is
   * written under this id by then, so another id must be used.
   */
  begin(transactionalId: string, options: TransactionOptions): Promise<LogTransaction>;
  /**
   * Commits a prepared transaction; from any process, any number of times.
   * @throws LogError `transaction-lost` when the log says that it can no longer be committed: it was
   * aborted by a time-out or by somebody else's begin, and its records are gone.
   */
  commit(prepared: PreparedTransaction): Promise<void>;
  /** Aborts what an id may have open and shuts out its former user, so that nothing of it can be appended or committed later. */
  fence(transactionalId: string, transactionTimeoutMs: number): Promise<void>;
}

export interface TransactionOptions extends AppenderOptions {
  /** The log aborts a transaction by itself so long after its first record. Must exceed checkpoint time plus down time. */
  readonly transactionTimeoutMs: number;
}

export interface LogTransaction extends LogAppender {
  readonly transactionalId: string;
  /**
   * Flushes, waits for every acknowledgement and ends the appending. Undefined when nothing was appended:
   * an empty transaction is never recorded (Kafka would not know it).
   */
  prepare(): Promise<PreparedTransaction | undefined>;
  abort(): Promise<void>;
}

/** What checkpoint metadata records of a prepared transaction: enough for any process to commit it. */
export interface PreparedTransaction {
  readonly transactionalId: string;
  /** Kafka's producer id, an int64 in decimal. */
  readonly producerId: string;
  readonly producerEpoch: number;
}
