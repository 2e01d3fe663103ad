import type { Duration } from '../api/duration.js';
import { readOptions, wrongOption } from '../api/read-options.js';
import type { SinkTransactions } from './sink.js';

/** What a sink's readers can count on, with what the sink needs for it. */
export type DeliveryGuarantee =
  | { readonly kind: 'none' | 'at-least-once' }
  | { readonly kind: 'exactly-once'; readonly transactions: SinkTransactions };

export interface AppendingSinkOptions {
  /** `'at-least-once'` by default: after a failure, records may be written again. `'none'`: they may be lost, too. */
  readonly deliveryGuarantee?: 'none' | 'at-least-once';
}

export interface TransactionalSinkOptions {
  /** Readers of committed records see each record once, when the checkpoint behind it completes. */
  readonly deliveryGuarantee: 'exactly-once';
  /** Begins the name of every transactional id. No other sink that writes to the same log may use it, and it must not change. */
  readonly transactionalIdPrefix: string;
  /**
   * After this the log aborts an open transaction, committed or not: it must exceed the time of a checkpoint
   * plus the longest time the job may be down. By default what brokers allow at most by default, `'15m'`;
   * a crash doesn't hold up readers so long, since a restart aborts what is left open.
   */
  readonly transactionTimeout?: Duration;
  /** Transactional ids of each subtask in one attempt, 2 at least; 8 by default. The next attempt uses as many others. */
  readonly transactionPoolSize?: number;
}

const defaultTransactionTimeoutMs = 900_000;

/**
 * Ids in use at once: one written with, one begun ahead, one prepared, and up to two committed but still
 * named by the newest checkpoint. The rest is for checkpoints that are aborted in a row.
 */
const defaultTransactionPoolSize = 8;
/** One to write with while another is recorded. */
const transactionPoolSizeMin = 2;
/** A restart fences them all. */
const transactionPoolSizeMax = 1_000;

/** @throws MillraceError, a WrongOptions where several are wrong. */
export function deliveryGuarantee(
  options: AppendingSinkOptions | TransactionalSinkOptions,
  transactionTimeoutMs = defaultTransactionTimeoutMs,
): DeliveryGuarantee {
  const kind = options.deliveryGuarantee ?? 'at-least-once';
  switch (kind) {
    case 'none':
    case 'at-least-once':
      return { kind };
    case 'exactly-once': {
      const given = options as TransactionalSinkOptions;
      const { transactionalIdPrefix, poolSize } = readOptions('kafkaSink', {
        transactionalIdPrefix: () => checkedPrefix(given.transactionalIdPrefix),
        poolSize: () => checkedPoolSize(given.transactionPoolSize),
      });
      return { kind, transactions: { transactionalIdPrefix, poolSize, transactionTimeoutMs } };
    }
    default:
      kind satisfies never;
      throw wrongOption(
        'sink',
        `deliveryGuarantee is ${JSON.stringify(kind)}: give 'none', 'at-least-once' or 'exactly-once'.`,
      );
  }
}

function checkedPrefix(prefix: string): string {
  if (typeof prefix === 'string' && prefix !== '') return prefix;
  throw wrongOption(
    'sink',
    "transactionalIdPrefix is missing: 'exactly-once' needs one that no other sink uses.",
  );
}

function checkedPoolSize(poolSize = defaultTransactionPoolSize): number {
  const isWhole = Number.isSafeInteger(poolSize);
  if (isWhole && poolSize >= transactionPoolSizeMin && poolSize <= transactionPoolSizeMax) return poolSize;
  throw wrongOption(
    'sink',
    `transactionPoolSize is ${poolSize}: give a whole number from ${transactionPoolSizeMin} to ${transactionPoolSizeMax}.`,
  );
}
