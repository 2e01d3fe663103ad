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
import type { EncoderPool } from './encoder-pool.js';
import { KafkaTransaction } from './kafka-transaction.js';
import { isProducerRefused } from './producer-session.js';
import { fenced, timeoutRefused, transactionLost } from './transaction-errors.js';

/**
 * Invariant: every transaction begins with `InitProducerId`. It moves the epoch, so that nothing that is
 * late (an append, an abort, a commit) of the transaction before can touch this one.
 */
export class KafkaTransactions implements LogTransactions {
  private readonly cluster: KafkaCluster;
  private readonly encoders: EncoderPool;
  private readonly open: Set<LogReader | LogAppender>;
  /**
   * The identity of each id whose transaction this client itself has ended. Carried in the id's next
   * `InitProducerId`, it gives every copy of that request the same epoch, where the last one would shut out
   * those before. Bounded by the ids in use.
   */
  private readonly ended = new Map<string, ProducerIdentity>();

  constructor(cluster: KafkaCluster, encoders: EncoderPool, open: Set<LogReader | LogAppender>) {
    this.cluster = cluster;
    this.encoders = encoders;
    this.open = open;
  }

  async begin(transactionalId: string, options: TransactionOptions): Promise<LogTransaction> {
    const current = this.ended.get(transactionalId);
    this.ended.delete(transactionalId);
    const identity = await this.initialise(transactionalId, options.transactionTimeoutMs, current);
    const transaction = new KafkaTransaction(
      this.cluster,
      this.encoders,
      transactionalId,
      identity,
      options,
      (outcome) => {
        this.open.delete(transaction);
        if (outcome === 'nothing-open') this.ended.set(transactionalId, identity);
      },
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
    this.ended.set(transactionalId, identity);
  }

  async fence(transactionalId: string, transactionTimeoutMs: number): Promise<void> {
    this.ended.delete(transactionalId);
    await this.initialise(transactionalId, transactionTimeoutMs, undefined);
  }

  private initialise(
    transactionalId: string,
    timeoutMs: number,
    current: ProducerIdentity | undefined,
  ): Promise<ProducerIdentity> {
    const what = `Initialising transactional id ${transactionalId}`;
    return this.cluster.untilDone(what, async () => {
      const request = initProducerIdRequest(transactionalId, timeoutMs, current);
      const answer = await this.cluster.sendToCoordinator('transaction', transactionalId, request);
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
