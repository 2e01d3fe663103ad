import type { PreparedTransaction } from '../log/log-transactions.js';
import type { CheckpointId } from '../protocol/ids.js';

/**
 * Which transactional id of a subtask may be begun, and which prepared transactions an acknowledgement
 * names. It does no I/O: facts in, decisions out.
 *
 * Invariant: an id named in what may be the newest durable metadata is never begun again. Beginning aborts
 * what the id left open, so a recorded transaction that is not committed yet would be lost; and afterwards
 * the log's answer to its commit could no longer tell "committed long ago" from "lost".
 *
 * So an id becomes free when its transaction is committed *and* a later checkpoint, whose acknowledgement
 * did not name it, is complete.
 */
export class TransactionPool {
  private slots: readonly Slot[];
  private newestCompleted: CheckpointId | undefined;
  /** Counts acquisitions, to give out the id that was longest not used. */
  private acquisitions = 0;

  /** `restored` are the transactions that the restored checkpoint names; ids of other subtasks don't matter here. */
  constructor(transactionalIds: readonly string[], restored: readonly PreparedTransaction[]) {
    const recorded = new Set(restored.map((transaction) => transaction.transactionalId));
    this.slots = transactionalIds.map((transactionalId) => ({
      transactionalId,
      lastAcquired: 0,
      // Committed by settlement before this attempt was deployed. Any checkpoint that this attempt
      // completes omits it.
      state: recorded.has(transactionalId) ? { kind: 'committed', lastNamedIn: undefined } : { kind: 'free' },
    }));
  }

  /** An id that may be begun now, taken; undefined when there is none: the epoch waits. */
  acquire(): string | undefined {
    let oldest: Slot | undefined;
    for (const slot of this.slots) {
      if (slot.state.kind !== 'free') continue;
      // The log may still be finishing the last transaction of an id used a moment ago.
      if (oldest === undefined || slot.lastAcquired < oldest.lastAcquired) oldest = slot;
    }
    if (oldest === undefined) return undefined;
    oldest.state = { kind: 'open' };
    oldest.lastAcquired = ++this.acquisitions;
    return oldest.transactionalId;
  }

  /** Nobody knows whether it was begun, or will be when nobody expects it any more: it is not used again. */
  abandon(transactionalId: string): void {
    this.slots = this.slots.filter((slot) => slot.transactionalId !== transactionalId);
  }

  /** The transaction that was open under its id is prepared, for this checkpoint. */
  prepared(transaction: PreparedTransaction, checkpointId: CheckpointId): void {
    const slot = this.slotOf(transaction.transactionalId);
    if (slot.state.kind !== 'open') throw illegal(slot, 'prepared');
    slot.state = { kind: 'prepared', transaction, checkpointId, lastNamedIn: undefined, isCommitting: false };
  }

  /**
   * What the acknowledgement of a checkpoint names: all prepared transactions up to it that are not known to
   * be committed, those of aborted checkpoints included, oldest first.
   *
   * An acknowledgement must leave one id unnamed. The records behind the barrier need an id before the next
   * barrier can come through, and a named one becomes free only with a later checkpoint: naming all of them
   * would be a deadlock.
   */
  acknowledge(checkpointId: CheckpointId): Acknowledgement {
    const named = this.uncommittedUpTo(checkpointId);
    if (named.length >= this.slots.length) {
      return { kind: named.some((state) => state.isCommitting) ? 'wait-for-commits' : 'exhausted' };
    }
    for (const state of named) state.lastNamedIn = checkpointId;
    return { kind: 'acknowledged', transactions: named.map((state) => state.transaction) };
  }

  /** A checkpoint is complete: gives what is to be committed now, oldest first. Frees the ids it omits. */
  complete(checkpointId: CheckpointId): readonly PreparedTransaction[] {
    if (this.newestCompleted !== undefined && checkpointId <= this.newestCompleted) return [];
    this.newestCompleted = checkpointId;
    for (const slot of this.slots) {
      if (slot.state.kind === 'committed' && isOmittedBy(checkpointId, slot.state.lastNamedIn)) {
        slot.state = { kind: 'free' };
      }
    }
    const due = this.uncommittedUpTo(checkpointId).filter((state) => !state.isCommitting);
    for (const state of due) state.isCommitting = true;
    return due.map((state) => state.transaction);
  }

  committed(transactionalId: string): void {
    const slot = this.slotOf(transactionalId);
    if (slot.state.kind !== 'prepared' || !slot.state.isCommitting) throw illegal(slot, 'committed');
    slot.state = { kind: 'committed', lastNamedIn: slot.state.lastNamedIn };
  }

  /** Whether the restored checkpoint names every id, so that nothing could be written before the next completes. */
  get isExhaustedByRestore(): boolean {
    return this.slots.every((slot) => slot.state.kind === 'committed');
  }

  /** Transactions that are to be committed. */
  get preparedCount(): number {
    return this.slots.filter((slot) => slot.state.kind === 'prepared').length;
  }

  private uncommittedUpTo(checkpointId: CheckpointId): PreparedState[] {
    return this.slots
      .map((slot) => slot.state)
      .filter((state): state is PreparedState => state.kind === 'prepared')
      .filter((state) => state.checkpointId <= checkpointId)
      .sort((a, b) => a.checkpointId - b.checkpointId);
  }

  private slotOf(transactionalId: string): Slot {
    const slot = this.slots.find((candidate) => candidate.transactionalId === transactionalId);
    if (slot === undefined) throw new Error(`Transactional id ${transactionalId} is not of this pool.`);
    return slot;
  }
}

export type Acknowledgement =
  | { readonly kind: 'acknowledged'; readonly transactions: readonly PreparedTransaction[] }
  /** Too many names, but a commit is under way: ask again when it has finished. */
  | { readonly kind: 'wait-for-commits' }
  /** Too many checkpoints in a row were not completed. */
  | { readonly kind: 'exhausted' };

interface Slot {
  readonly transactionalId: string;
  lastAcquired: number;
  state: SlotState;
}

type SlotState =
  | { readonly kind: 'free' }
  /** Begun, or being begun. */
  | { readonly kind: 'open' }
  | PreparedState
  /** Its last transaction is committed; `lastNamedIn` undefined: by the restored checkpoint. */
  | { readonly kind: 'committed'; readonly lastNamedIn: CheckpointId | undefined };

interface PreparedState {
  readonly kind: 'prepared';
  readonly transaction: PreparedTransaction;
  /** The epoch it holds the records of. */
  readonly checkpointId: CheckpointId;
  /** The newest acknowledgement that names it; undefined: none yet. */
  lastNamedIn: CheckpointId | undefined;
  isCommitting: boolean;
}

function isOmittedBy(checkpointId: CheckpointId, lastNamedIn: CheckpointId | undefined): boolean {
  return lastNamedIn === undefined || lastNamedIn < checkpointId;
}

function illegal(slot: Slot, event: string): Error {
  return new Error(`Transactional id ${slot.transactionalId} can't be ${event}: it is ${slot.state.kind}.`);
}
