import type { LogAppender, LogReader } from '../../log-port.js';
import type {
  LogTransaction,
  LogTransactions,
  PreparedTransaction,
  TransactionOptions,
} from '../../log-transactions.js';
import { answerError } from '../answer-error.js';
import type { KafkaCluster } from '../kafka-cluster.js';
import { endTxnRequest } from '../protocol/end-txn.js';
import { errorCode, errorName } from '../protocol/error-codes.js';
import { initProducerIdRequest, type ProducerIdentity } from '../protocol/init-producer-id.js';
import { TransportError } from '../transport/transport-error.js';
import type { EncoderPool } from './encoder-pool.js';
import { KafkaTransaction } from './kafka-transaction.js';
import { isProducerRefused } from './producer-session.js';
import { beginUnanswered, fenced, timeoutRefused, transactionLost } from './transaction-errors.js';

/**
 * Invariants: every transaction begins with `InitProducerId`. It moves the epoch, so that nothing that is
 * late (an append, an abort, a commit) of the transaction before can touch this one. And nothing is written
 * under an id of which an `InitProducerId` may still be on its way: it would abort what is open by then, also
 * what is prepared, whatever epoch it carries (as seen on Kafka 4.1).
 */
export class KafkaTransactions implements LogTransactions {
  private readonly cluster: KafkaCluster;
  private readonly encoders: EncoderPool;
  private readonly open: Set<LogReader | LogAppender>;

  constructor(cluster: KafkaCluster, encoders: EncoderPool, open: Set<LogReader | LogAppender>) {
    this.cluster = cluster;
    this.encoders = encoders;
    this.open = open;
  }

  async begin(transactionalId: string, options: TransactionOptions): Promise<LogTransaction> {
    const identity = await this.initialise(transactionalId, options.transactionTimeoutMs, 'unless-sent');
    const transaction = new KafkaTransaction(
      this.cluster,
      this.encoders,
      transactionalId,
      identity,
      options,
      () => this.open.delete(transaction),
    );
    this.open.add(transaction);
    return transaction;
  }

  async commit(prepared: PreparedTransaction): Promise<void> {
    const { transactionalId } = prepared;
    const identity = { producerId: BigInt(prepared.producerId), producerEpoch: prepared.producerEpoch };
    const what = `Committing transaction ${transactionalId}`;
    await this.cluster.untilDone(what, async () => {
      const request = endTxnRequest(transactionalId, identity, 'commit');
      const code = await this.cluster.sendToCoordinator('transaction', transactionalId, request);
      if (code === errorCode.none) return { kind: 'done', value: undefined };
      if (isProducerRefused(code)) throw transactionLost(prepared, code);
      // The coordinator is still committing it.
      if (code === errorCode.concurrentTransactions) return concurrent;
      this.cluster.forgetCoordinator('transaction', transactionalId);
      throw answerError(what, code);
    });
  }

  async fence(transactionalId: string, transactionTimeoutMs: number): Promise<void> {
    // The next attempt uses other ids, so a late copy of this finds nothing open.
    await this.initialise(transactionalId, transactionTimeoutMs, 'until-answered');
  }

  /** No epoch goes with it: the log would look at it only where nothing is open, and there is nothing to protect then. */
  private initialise(
    transactionalId: string,
    timeoutMs: number,
    tries: 'unless-sent' | 'until-answered',
  ): Promise<ProducerIdentity> {
    const what = `Initialising transactional id ${transactionalId}`;
    const request = initProducerIdRequest(transactionalId, timeoutMs);
    return this.cluster.untilDone(what, async () => {
      const answer = await this.cluster
        .sendToCoordinator('transaction', transactionalId, request)
        .catch((error: unknown) => {
          const isUnanswered = error instanceof TransportError && error.isUnanswered;
          throw isUnanswered && tries === 'unless-sent' ? beginUnanswered(transactionalId, error) : error;
        });
      const { errorCode: code, producerId, producerEpoch } = answer;
      if (code === errorCode.none) return { kind: 'done', value: { producerId, producerEpoch } };
      // The log is still ending the id's former transaction.
      if (code === errorCode.concurrentTransactions) return concurrent;
      if (code === errorCode.invalidTransactionTimeout) throw timeoutRefused(transactionalId, timeoutMs);
      if (isProducerRefused(code)) throw fenced(transactionalId, code);
      this.cluster.forgetCoordinator('transaction', transactionalId);
      throw answerError(what, code);
    });
  }
}

/** The end of a transaction takes the log a few milliseconds. */
const concurrent = { kind: 'again', why: errorName(errorCode.concurrentTransactions), afterMs: 5 } as const;
