import type { PreparedTransaction } from '../log/log-transactions.js';
import {
  type AttemptLedger,
  type TransactionalIdPool,
  transactionalIdsOf,
  transactionalIdsOfLatest,
  unitePools,
} from './attempt-ledger.js';
import type { DurableCheckpoint } from './durable-checkpoint.js';

/**
 * What must be done to the log before anything is deployed: first commit what the newest durable checkpoint
 * records, then shut out every other id that may have been left open. Committing late would put output
 * behind that of the next attempt; fencing a recorded id would abort the transaction that still must be
 * committed; fencing too few leaves a dead attempt's transaction open, which holds up every reader.
 *
 * Left open are only ids of the newest attempt, since all others were settled before it deployed; and ids
 * that no attempt on record has used, by a run whose state folder is gone.
 */
export interface SettlementPlan {
  /** Oldest first within each subtask of a sink. */
  readonly commits: readonly PreparedTransaction[];
  readonly fences: readonly TransactionToFence[];
}

export interface TransactionToFence {
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
}

export interface SettlementFacts {
  readonly newestCheckpoint: DurableCheckpoint | undefined;
  readonly ledger: AttemptLedger | undefined;
  /**
   * The pools of the attempt that is about to deploy; empty when nothing will be deployed.
   */
  readonly pools: readonly TransactionalIdPool[];
}

export function planSettlement(facts: SettlementFacts): SettlementPlan {
  const recorded = recordedTransactions(facts.newestCheckpoint);
  const recordedIds = new Set(recorded.map((transaction) => transaction.transactionalId));
  const formerPools = facts.ledger?.transactionalIdPools ?? [];
  const formerIds = new Set(formerPools.flatMap(transactionalIdsOf));
  const latestIds = new Set(facts.ledger === undefined ? [] : transactionalIdsOfLatest(facts.ledger));
  const mayBeOpen = (id: string): boolean => latestIds.has(id) || !formerIds.has(id);
  const fences = unitePools([...formerPools, ...facts.pools]).flatMap((pool) =>
    transactionalIdsOf(pool)
      .filter((id) => mayBeOpen(id) && !recordedIds.has(id))
      .map((id) => ({ transactionalId: id, transactionTimeoutMs: pool.transactionTimeoutMs })),
  );
  return { commits: isSettled(facts) ? [] : recorded, fences };
}

/**
 * Known commits are not repeated: a log forgets ids that were not used for days, and its answer would then
 * read as loss. Their ids stay unfenced all the same, since the checkpoint that names them is still the newest.
 */
export function isSettled(facts: Pick<SettlementFacts, 'newestCheckpoint' | 'ledger'>): boolean {
  const { newestCheckpoint, ledger } = facts;
  if (newestCheckpoint === undefined) return true;
  const settledThrough = ledger?.settledThrough ?? -1;
  return settledThrough >= newestCheckpoint.metadata.checkpointId;
}

function recordedTransactions(newest: DurableCheckpoint | undefined): readonly PreparedTransaction[] {
  return newest?.metadata.subtasks.flatMap((subtask) => subtask.snapshot.committables ?? []) ?? [];
}
