import { logFailure } from '../log/log-failure.js';
import { LogError } from '../log/log-port.js';
import type { PreparedTransaction } from '../log/log-transactions.js';
import { MillraceError } from '../protocol/failures.js';

/** The failure that a commit's error means; `who` begins the sentence. */
export function commitFailure(who: string, transaction: PreparedTransaction, error: unknown): MillraceError {
  if (!isLoss(error)) {
    const { transactionalId, producerId, producerEpoch } = transaction;
    const name = `transaction ${transactionalId} (producer ${producerId}, epoch ${producerEpoch})`;
    return logFailure(`${who}: committing ${name}`, error);
  }
  return new MillraceError(
    `${who} lost records that a completed checkpoint counts on. ${error.message} Let no other job use this transactionalIdPrefix, and make transactionTimeout exceed checkpoint plus down time; then begin anew with --fresh.`,
    { domain: 'outside-system', action: 'fail-job', cause: error },
  );
}

/** Whether a commit failed because there is nothing left to commit. */
export function isLoss(error: unknown): error is LogError {
  return error instanceof LogError && error.code === 'transaction-lost';
}
