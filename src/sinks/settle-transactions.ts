import type { SettlementPlan, TransactionToFence } from '../checkpoint/settlement-plan.js';
import type { Clock } from '../host/clock.js';
import { logFailure } from '../log/log-failure.js';
import type { LogClient } from '../log/log-port.js';
import { withLogRetries } from '../log/log-retries.js';
import type { MillraceError } from '../protocol/failures.js';
import { commitFailure, isLoss } from './commit-failure.js';

/** A fence takes about a millisecond; some at once keep recovery short without flooding the coordinator. */
const fencesInFlightMax = 8;

/**
 * Commits what the restored checkpoint counts on, then shuts out whatever else former attempts left open.
 * In this order: were an id of a recorded transaction fenced first, its transaction would be aborted.
 * Repeating it, after a crash in its middle too, changes nothing.
 *
 * `onLost` is told of a recorded transaction that can't be committed any more: it throws, unless the user
 * has chosen to go on without it.
 *
 * @throws MillraceError
 */
export async function settleTransactions(
  log: LogClient,
  settlement: SettlementPlan,
  clock: Clock,
  onLost: (failure: MillraceError) => void,
): Promise<void> {
  assertNoRecordedIdIsFenced(settlement);
  for (const transaction of settlement.commits) {
    try {
      await withLogRetries(clock, neverAbandoned, () => log.transactions.commit(transaction));
    } catch (error) {
      const failure = commitFailure('Recovery', transaction, error);
      if (!isLoss(error)) throw failure;
      onLost(failure);
    }
  }
  const fences = settlement.fences.values();
  const lanes = Array.from({ length: fencesInFlightMax }, () => fenceAll(log, fences, clock));
  await Promise.all(lanes);
}

const neverAbandoned = (): boolean => false;

async function fenceAll(log: LogClient, fences: Iterable<TransactionToFence>, clock: Clock): Promise<void> {
  for (const { transactionalId, transactionTimeoutMs } of fences) {
    try {
      await withLogRetries(clock, neverAbandoned, () =>
        log.transactions.fence(transactionalId, transactionTimeoutMs),
      );
    } catch (error) {
      throw logFailure(`Recovery: fencing transactional id ${transactionalId}`, error);
    }
  }
}

function assertNoRecordedIdIsFenced({ commits, fences }: SettlementPlan): void {
  const recorded = new Set(commits.map((transaction) => transaction.transactionalId));
  const both = fences.find((fence) => recorded.has(fence.transactionalId));
  if (both !== undefined)
    throw new Error(`Settlement would fence ${both.transactionalId}, whose transaction is recorded.`);
}
