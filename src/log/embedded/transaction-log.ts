import type { TransactionHandle } from '../client/log-requests.js';
import { LogError } from '../log-port.js';
import { batchIdOfStagedKey, decodeStaged, encodeStaged, stagedKey } from './batch-entry.js';
import type { LogDatabase, StoredTransaction } from './log-database.js';
import type { PartitionLog } from './partition-log.js';

/**
 * Transactions: what one appended lies in `staged` until it ends. Every method runs within a write and
 * checks before it changes anything, so that a refusal leaves the write's other requests as they are.
 */
export class TransactionLog {
  private readonly database: LogDatabase;
  private readonly partitions: PartitionLog;

  constructor(database: LogDatabase, partitions: PartitionLog) {
    this.database = database;
    this.partitions = partitions;
  }

  /** Aborts what the id left open and shuts out its former user by a higher epoch. */
  begin(transactionalId: string, transactionTimeoutMs: number): TransactionHandle {
    const former = this.database.transactions.get(transactionalId);
    if (former !== undefined) this.discardStaged(former.producerId);
    // An epoch is an int16 in the record batch's header.
    const isExhausted = former === undefined || former.producerEpoch >= producerEpochMax;
    const producerId = isExhausted ? this.database.nextCounter('producer') : former.producerId;
    const producerEpoch = isExhausted ? 0 : former.producerEpoch + 1;
    this.put(transactionalId, { producerId, producerEpoch, phase: 'empty', transactionTimeoutMs });
    return { transactionalId, producerId, producerEpoch };
  }

  stage(handle: TransactionHandle, partitionId: number, batch: Buffer): void {
    const entry = this.partitions.store(batch);
    this.database.staged.putSync(
      stagedKey(handle.producerId, entry.batchId),
      encodeStaged({ partitionId, entry }),
    );
  }

  /** @throws LogError `fenced` */
  markOngoing(handle: TransactionHandle): void {
    const transaction = this.requireOpen(handle);
    if (transaction.phase === 'empty') this.put(handle.transactionalId, { ...transaction, phase: 'ongoing' });
  }

  /** @throws LogError `fenced` */
  prepare(handle: TransactionHandle): void {
    this.put(handle.transactionalId, { ...this.requireOpen(handle), phase: 'prepared' });
  }

  /**
   * Answers the partitions that have something new.
   * @throws LogError `transaction-lost`
   */
  commit(handle: TransactionHandle): readonly number[] {
    const transaction = this.database.transactions.get(handle.transactionalId);
    if (!isSame(transaction, handle)) throw lost(handle, 'its id was begun again since, which aborted it');
    switch (transaction.phase) {
      case 'committed':
        return [];
      case 'aborted':
        throw lost(handle, 'it was aborted');
      case 'empty':
      case 'ongoing':
        throw lost(handle, 'it was never prepared');
      case 'prepared': {
        const touched = this.publishStaged(handle.producerId);
        this.put(handle.transactionalId, { ...transaction, phase: 'committed' });
        return touched;
      }
    }
  }

  /** No error when it was aborted before, by whomever. */
  abort(handle: TransactionHandle): void {
    const transaction = this.database.transactions.get(handle.transactionalId);
    if (!isSame(transaction, handle) || transaction.phase === 'committed') return;
    this.discardStaged(handle.producerId);
    this.put(handle.transactionalId, { ...transaction, phase: 'aborted' });
  }

  /** At start: who wrote these is gone, and without a prepare nobody can have recorded them. */
  abortUnprepared(): void {
    for (const { key, value } of [...this.database.transactions.getRange()]) {
      if (value.phase === 'ongoing' || value.phase === 'empty')
        this.abort({ transactionalId: key, ...value });
    }
  }

  private requireOpen(handle: TransactionHandle): StoredTransaction {
    const transaction = this.database.transactions.get(handle.transactionalId);
    if (!isSame(transaction, handle) || !(transaction.phase === 'empty' || transaction.phase === 'ongoing')) {
      throw fenced(handle.transactionalId);
    }
    return transaction;
  }

  private publishStaged(producerId: number): readonly number[] {
    const touched = new Set<number>();
    for (const { key, value } of this.stagedOf(producerId)) {
      const { partitionId, entry } = decodeStaged(value);
      this.partitions.publish(partitionId, entry);
      touched.add(partitionId);
      this.database.staged.removeSync(key);
    }
    return [...touched];
  }

  private discardStaged(producerId: number): void {
    for (const { key } of this.stagedOf(producerId)) {
      this.partitions.discard(batchIdOfStagedKey(key));
      this.database.staged.removeSync(key);
    }
  }

  /** A copy, since the table is changed while it is walked. */
  private stagedOf(producerId: number): { readonly key: Buffer; readonly value: Buffer }[] {
    return [
      ...this.database.staged.getRange({
        start: stagedKey(producerId, 0),
        end: stagedKey(producerId + 1, 0),
      }),
    ];
  }

  private put(transactionalId: string, transaction: StoredTransaction): void {
    this.database.transactions.putSync(transactionalId, transaction);
  }
}

const producerEpochMax = 32_766;

function isSame(
  transaction: StoredTransaction | undefined,
  handle: TransactionHandle,
): transaction is StoredTransaction {
  return transaction?.producerId === handle.producerId && transaction.producerEpoch === handle.producerEpoch;
}

function fenced(transactionalId: string): LogError {
  return new LogError(
    'fenced',
    `Transactional id ${transactionalId} was begun by somebody else since, or its transaction was ended; nothing more ` +
      'can be written in it. Does another job use the same id prefix?',
  );
}

function lost(handle: TransactionHandle, why: string): LogError {
  return new LogError(
    'transaction-lost',
    `Transaction ${handle.transactionalId} (producer ${handle.producerId}, epoch ${handle.producerEpoch}) can't be ` +
      `committed: ${why}. Its records are gone.`,
  );
}
