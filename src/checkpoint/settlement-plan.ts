import type { PreparedTransaction } from '../log/log-transactions.js';
import {
  type AttemptLedger,
  type TransactionalIdPool,
  transactionalIdsOf,
  unitePools,
} from './attempt-ledger.js';
import type { DurableCheckpoint } from './durable-checkpoint.js';

/**
 * What must be done to the log before anything is deployed: first commit what the newest durable checkpoint
 * records, then shut out every other id that any attempt may have used. Committing late would put output
 * behind that of the next attempt; fencing a recorded id would abort the transaction that still must be
 * committed; fencing too few leaves a dead attempt's transaction open, which holds up every reader.
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
   * The pools of the attempt that is about to deploy. Their ids may be left open by a run whose state folder
   * is gone; empty when nothing will be deployed.
   */
  readonly pools: readonly TransactionalIdPool[];
}

export function planSettlement(facts: SettlementFacts): SettlementPlan {
  const recorded = recordedTransactions(facts.newestCheckpoint);
  const recordedIds = new Set(recorded.map((transaction) => transaction.transactionalId));
  const pools = unitePools([...(facts.ledger?.transactionalIdPools ?? []), ...facts.pools]);
  const fences = pools.flatMap((pool) =>
    transactionalIdsOf(pool)
      .filter((id) => !recordedIds.has(id))
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
