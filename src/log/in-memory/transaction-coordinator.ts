import type { Clock } from '../../host/clock.js';
import type {
  BeginTransactionRequest,
  EndTransactionRequest,
  TransactionHandle,
} from '../client/log-requests.js';
import { LogError } from '../log-port.js';
import type { InMemoryPartition } from './in-memory-partition.js';

/**
 * Kafka's transaction coordinator, as far as a client of the older protocol (EndTxn up to version 4) can
 * tell: an epoch that only an initialisation or a time-out raises, ends that are decided at once and marked
 * in the partitions a little later, and the same answer for every epoch that has moved, whatever moved it.
 * It knows nothing of "prepared": for it such a transaction is ongoing, and times out.
 */
export class TransactionCoordinator {
  private readonly clock: Clock;
  private readonly markerDelayMs: () => number;
  private readonly onMarked: (partitions: Iterable<InMemoryPartition>) => void;
  private readonly byId = new Map<string, CoordinatedTransaction>();
  private nextProducerId = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly markerDelayMs: () => number;
    /** Their last stable offset may have moved. */
    readonly onMarked: (partitions: Iterable<InMemoryPartition>) => void;
  }) {
    this.clock = options.clock;
    this.markerDelayMs = options.markerDelayMs;
    this.onMarked = options.onMarked;
  }

  /**
   * InitProducerId. 'busy' while a former transaction of the id is being ended: to be asked again.
   *
   * As in Kafka, an ongoing transaction is aborted whoever began it, so a begin that comes late can still abort
   * a prepared one.
   */
  begin(request: BeginTransactionRequest): TransactionHandle | 'busy' {
    const transaction = this.byId.get(request.transactionalId) ?? this.create(request.transactionalId);
    switch (transaction.phase) {
      case 'prepare-commit':
      case 'prepare-abort':
        return 'busy';
      case 'ongoing':
        // Whoever used it is shut out at once, before the abort is done. This epoch is given to nobody.
        transaction.producerEpoch++;
        this.end(transaction, 'abort');
        return 'busy';
      case 'empty':
      case 'complete-commit':
      case 'complete-abort':
        transaction.producerEpoch++;
        transaction.phase = 'empty';
        transaction.timeoutMs = request.transactionTimeoutMs;
        return handleOf(transaction);
    }
  }

  /** AddPartitionsToTxn and the check of a produce request. A completed transaction's epoch starts another one. */
  admit(handle: TransactionHandle, partitions: readonly InMemoryPartition[]): 'admitted' | 'busy' {
    const transaction = this.byId.get(handle.transactionalId);
    if (transaction === undefined || !isCurrent(transaction, handle)) throw fenced(handle.transactionalId);
    switch (transaction.phase) {
      case 'prepare-commit':
      case 'prepare-abort':
        return 'busy';
      case 'empty':
      case 'complete-commit':
      case 'complete-abort':
        this.startTimeout(transaction);
        transaction.phase = 'ongoing';
        break;
      case 'ongoing':
        break;
    }
    for (const partition of partitions) transaction.partitions.add(partition);
    return 'admitted';
  }

  /** EndTxn. */
  endTransaction({ transaction: handle, outcome }: EndTransactionRequest): 'ended' | 'busy' {
    const transaction = this.byId.get(handle.transactionalId);
    if (transaction === undefined || !isCurrent(transaction, handle)) {
      // Somebody else's begin or a time-out raised the epoch, and aborted it: what an abort wants is so.
      if (outcome === 'abort') return 'ended';
      throw lost(handle, 'its epoch has moved');
    }
    switch (transaction.phase) {
      case 'ongoing':
        this.end(transaction, outcome);
        return 'ended';
      case 'prepare-commit':
      case 'prepare-abort':
        return 'busy';
      case 'complete-commit':
        if (outcome === 'commit') return 'ended';
        throw fenced(handle.transactionalId);
      case 'complete-abort':
      case 'empty':
        if (outcome === 'abort') return 'ended';
        throw lost(handle, `the coordinator has it as ${transaction.phase}`);
    }
  }

  openTransactions(): readonly (TransactionHandle & { readonly phase: TransactionPhase })[] {
    return [...this.byId.values()]
      .filter(({ phase }) => phase === 'ongoing' || phase === 'prepare-commit' || phase === 'prepare-abort')
      .map((transaction) => ({ ...handleOf(transaction), phase: transaction.phase }));
  }

  private create(transactionalId: string): CoordinatedTransaction {
    const transaction: CoordinatedTransaction = {
      transactionalId,
      producerId: this.nextProducerId++,
      producerEpoch: -1,
      phase: 'empty',
      timeoutMs: 0,
      partitions: new Set(),
      cancelTimeout: () => {},
    };
    this.byId.set(transactionalId, transaction);
    return transaction;
  }

  private startTimeout(transaction: CoordinatedTransaction): void {
    transaction.cancelTimeout = this.clock.setTimer(transaction.timeoutMs, () => {
      if (transaction.phase !== 'ongoing') return;
      transaction.producerEpoch++;
      this.end(transaction, 'abort');
    });
  }

  private end(transaction: CoordinatedTransaction, outcome: 'commit' | 'abort'): void {
    transaction.cancelTimeout();
    transaction.phase = outcome === 'commit' ? 'prepare-commit' : 'prepare-abort';
    this.clock.setTimer(this.markerDelayMs(), () => {
      const { producerId, producerEpoch, partitions } = transaction;
      for (const partition of partitions) {
        partition.writeMarker(outcome, producerId, producerEpoch, this.clock.epochMs());
      }
      const marked = [...partitions];
      partitions.clear();
      transaction.phase = outcome === 'commit' ? 'complete-commit' : 'complete-abort';
      this.onMarked(marked);
    });
  }
}

/** Kafka's states of a transaction. */
type TransactionPhase =
  | 'empty'
  | 'ongoing'
  | 'prepare-commit'
  | 'prepare-abort'
  | 'complete-commit'
  | 'complete-abort';

interface CoordinatedTransaction {
  readonly transactionalId: string;
  readonly producerId: number;
  producerEpoch: number;
  phase: TransactionPhase;
  timeoutMs: number;
  readonly partitions: Set<InMemoryPartition>;
  cancelTimeout: () => void;
}

function handleOf({ transactionalId, producerId, producerEpoch }: CoordinatedTransaction): TransactionHandle {
  return { transactionalId, producerId, producerEpoch };
}

function isCurrent(transaction: CoordinatedTransaction, handle: TransactionHandle): boolean {
  return transaction.producerId === handle.producerId && transaction.producerEpoch === handle.producerEpoch;
}

function fenced(transactionalId: string): LogError {
  return new LogError(
    'fenced',
    `Transactional id ${transactionalId} was begun by somebody else since, or its transaction timed out.`,
  );
}

function lost({ transactionalId, producerId, producerEpoch }: TransactionHandle, why: string): LogError {
  return new LogError(
    'transaction-lost',
    `Transaction ${transactionalId} (producer ${producerId}, epoch ${producerEpoch}) can't be committed: ${why}. ` +
      'Its records are gone.',
  );
}
