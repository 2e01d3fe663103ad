import { LogError, type LogRecord, type TopicPartition } from '../../log-port.js';
import type { LogTransaction, PreparedTransaction, TransactionOptions } from '../../log-transactions.js';
import { answerError } from '../answer-error.js';
import type { KafkaCluster } from '../kafka-cluster.js';
import { addPartitionsToTxnRequest } from '../protocol/add-partitions-to-txn.js';
import { endTxnRequest } from '../protocol/end-txn.js';
import { errorCode, errorName } from '../protocol/error-codes.js';
import type { ProducerIdentity } from '../protocol/init-producer-id.js';
import type { EncoderPool } from './encoder-pool.js';
import { isProducerForgotten, isProducerRefused, type ProducerSession } from './producer-session.js';
import { RecordSender } from './record-sender.js';
import { fenced, producerForgotten } from './transaction-errors.js';

type TransactionState = 'appending' | 'prepared' | 'ended';

/** One transaction of one producer epoch, up to the point where somebody commits it by its identity. */
export class KafkaTransaction implements LogTransaction {
  readonly transactionalId: string;
  private readonly cluster: KafkaCluster;
  private readonly identity: ProducerIdentity;
  private readonly session: TransactionSession;
  private readonly sender: RecordSender;
  private readonly onDone: () => void;
  private state: TransactionState = 'appending';
  private isEmpty = true;

  constructor(
    cluster: KafkaCluster,
    encoders: EncoderPool,
    transactionalId: string,
    identity: ProducerIdentity,
    options: TransactionOptions,
    onDone: () => void,
  ) {
    this.cluster = cluster;
    this.transactionalId = transactionalId;
    this.identity = identity;
    this.session = new TransactionSession(cluster, transactionalId, identity);
    this.sender = new RecordSender(cluster, encoders, options, this.session);
    this.onDone = onDone;
  }

  get isWritable(): boolean {
    return this.sender.isWritable;
  }

  append(record: LogRecord): void {
    if (this.state !== 'appending') {
      throw new LogError(
        'internal',
        `A record was appended to transaction ${this.transactionalId}, which is ${this.state}.`,
      );
    }
    this.isEmpty = false;
    this.sender.append(record);
  }

  flush(): Promise<void> {
    return this.sender.flush();
  }

  async prepare(): Promise<PreparedTransaction | undefined> {
    if (this.state !== 'appending') {
      throw new LogError(
        'internal',
        `Transaction ${this.transactionalId} is prepared, but it is ${this.state}.`,
      );
    }
    this.state = 'prepared';
    await this.sender.flush();
    await this.sender.end(this.closedError());
    this.onDone();
    if (this.isEmpty) return undefined;
    const { producerId, producerEpoch } = this.identity;
    return { transactionalId: this.transactionalId, producerId: producerId.toString(), producerEpoch };
  }

  async abort(): Promise<void> {
    if (this.state === 'ended') return;
    this.state = 'ended';
    await this.sender.end(this.closedError());
    if (this.session.mayHavePartitions) await this.endWithAbort();
    this.onDone();
  }

  /** Leaves the transaction open; the id's next `begin` or `fence` aborts it, or its time-out. */
  async close(): Promise<void> {
    if (this.state === 'ended') return;
    this.state = 'ended';
    await this.sender.end(this.closedError());
    this.onDone();
  }

  private endWithAbort(): Promise<void> {
    const what = `Aborting transaction ${this.transactionalId}`;
    return this.cluster.untilDone(what, async () => {
      const request = endTxnRequest(this.transactionalId, this.identity, 'abort');
      const code = await this.cluster.sendToCoordinator('transaction', this.transactionalId, request);
      // Refused: a time-out or a newer epoch has aborted it already.
      if (code === errorCode.none || isProducerRefused(code)) return { kind: 'done', value: undefined };
      if (code === errorCode.concurrentTransactions)
        return { kind: 'again', why: errorName(code), afterMs: 5 };
      this.cluster.forgetCoordinator('transaction', this.transactionalId);
      throw answerError(what, code);
    });
  }

  private closedError(): LogError {
    return new LogError(
      'internal',
      `Transaction ${this.transactionalId} was ended before its records were acknowledged.`,
    );
  }
}

class TransactionSession implements ProducerSession {
  readonly transactionalId: string;
  /** The coordinator may know of the transaction. */
  mayHavePartitions = false;
  private readonly cluster: KafkaCluster;
  private readonly identity: ProducerIdentity;

  constructor(cluster: KafkaCluster, transactionalId: string, identity: ProducerIdentity) {
    this.cluster = cluster;
    this.transactionalId = transactionalId;
    this.identity = identity;
  }

  async identify(): Promise<ProducerIdentity> {
    return this.identity;
  }

  async admit(partitions: readonly TopicPartition[]): Promise<void> {
    this.mayHavePartitions = true;
    const what = `Adding partitions to transaction ${this.transactionalId}`;
    const request = addPartitionsToTxnRequest(this.transactionalId, this.identity, partitions);
    await this.cluster.untilDone(what, async () => {
      const answers = await this.cluster.sendToCoordinator('transaction', this.transactionalId, request);
      // One partition's failure makes the others' OPERATION_NOT_ATTEMPTED; the telling one comes first.
      const codes = answers.map((answer) => answer.errorCode).filter((code) => code !== errorCode.none);
      const code = codes.find((c) => c !== errorCode.operationNotAttempted) ?? codes[0];
      if (code === undefined) return { kind: 'done', value: undefined };
      if (isProducerRefused(code)) throw this.refused(code);
      if (code === errorCode.concurrentTransactions)
        return { kind: 'again', why: errorName(code), afterMs: 5 };
      this.cluster.forgetCoordinator('transaction', this.transactionalId);
      throw answerError(what, code);
    });
  }

  refused(code: number): LogError {
    return isProducerForgotten(code) ? producerForgotten(code) : fenced(this.transactionalId, code);
  }
}
