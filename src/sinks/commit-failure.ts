import { logFailure } from '../log/log-failure.js';
import { LogError } from '../log/log-port.js';
import type { PreparedTransaction } from '../log/log-transactions.js';
import { MillraceError } from '../protocol/failures.js';

/** The failure that a commit's error means; `who` begins the sentence. */
export function commitFailure(who: string, transaction: PreparedTransaction, error: unknown): MillraceError {
  const name = `transaction ${transaction.transactionalId} (producer id ${transaction.producerId}, epoch ${transaction.producerEpoch})`;
  if (error instanceof LogError && error.code === 'transaction-lost') {
    return new MillraceError(
      `${who} can't commit ${name}, which a completed checkpoint counts on: ${error.message} Its records are lost. Either it was open longer than transactionTimeout, which must exceed checkpoint plus down time, or another job uses the same transactionalIdPrefix.`,
      { domain: 'outside-system', action: 'fail-job', cause: error },
    );
  }
  return logFailure(`${who}: committing ${name}`, error);
}
