import { LogError } from '../../log-port.js';
import type { PreparedTransaction } from '../../log-transactions.js';
import { errorName } from '../protocol/error-codes.js';

/** Somebody else uses the id; for an attempt that has been superseded, as it should be. */
export function fenced(transactionalId: string, code: number): LogError {
  return new LogError(
    'fenced',
    `Transactional id ${transactionalId} is not this producer's any more (${errorName(code)}): a newer attempt has taken it ` +
      'over, or the broker ended its transaction after the transaction time-out. If no other job uses the same ' +
      'transactionalIdPrefix, raise the transaction time-out above checkpoint time plus down time.',
  );
}

/** A recorded transaction is gone; `PreparedTransaction`s are never initialised again, so this is always a loss. */
export function transactionLost(
  { transactionalId, producerId, producerEpoch }: PreparedTransaction,
  code: number,
): LogError {
  return new LogError(
    'transaction-lost',
    `Transaction ${transactionalId} (producer ${producerId}, epoch ${producerEpoch}) of a completed checkpoint can't be committed ` +
      `any more (${errorName(code)}): the broker aborted it after its transaction time-out, or somebody else used its ` +
      'transactional id. Its records are not in the output. Make sure that only this job uses this transactionalIdPrefix, ' +
      'and that the transaction time-out exceeds checkpoint time plus down time; then go on from the checkpoint with ' +
      'this loss, or start again with --fresh.',
  );
}

export function timeoutRefused(transactionalId: string, timeoutMs: number): LogError {
  return new LogError(
    'invalid-configuration',
    `The broker does not allow the transaction time-out of ${timeoutMs} ms that transactional id ${transactionalId} asks for. ` +
      "Lower it, or raise the broker's transaction.max.timeout.ms (15 minutes by default).",
  );
}
