import { LogError } from '../../log-port.js';
import type { PreparedTransaction } from '../../log-transactions.js';
import { errorName } from '../protocol/error-codes.js';

/**
 * The log no longer knows what this producer has sent: it expired, or a leader was elected that lacks records
 * which were acknowledged. A new attempt writes all of it again.
 */
export function producerForgotten(code: number): LogError {
  return new LogError(
    'internal',
    `The broker does not accept this producer any more (${errorName(code)}): it has lost track of what was sent. ` +
      'A new attempt goes on under a new producer id.',
  );
}

/** Somebody else uses the id; for an attempt that has been superseded, as it should be. */
export function fenced(transactionalId: string, code: number): LogError {
  return new LogError(
    'fenced',
    `Transactional id ${transactionalId} is not this producer's any more (${errorName(code)}): another job uses the same ` +
      'transactionalIdPrefix, or the broker ended the transaction after its time-out. Give each job a prefix of its ' +
      'own; if no other uses this one, raise the transaction time-out above checkpoint time plus down time.',
  );
}

/** A prepared transaction's id is not initialised again by its owner, so this is always a loss. */
export function transactionLost(
  { transactionalId, producerId, producerEpoch }: PreparedTransaction,
  code: number,
): LogError {
  return new LogError(
    'transaction-lost',
    `Transaction ${transactionalId} (producer ${producerId}, epoch ${producerEpoch}) can't be committed any more ` +
      `(${errorName(code)}): the broker aborted it after its transaction time-out, or somebody else used its ` +
      'transactional id. Its records are gone.',
  );
}

export function timeoutRefused(transactionalId: string, timeoutMs: number): LogError {
  return new LogError(
    'invalid-configuration',
    `The broker does not allow the transaction time-out of ${timeoutMs} ms that transactional id ${transactionalId} asks for. ` +
      "Lower it, or raise the broker's transaction.max.timeout.ms (15 minutes by default).",
  );
}

export function beginUnanswered(transactionalId: string, cause: Error): LogError {
  return new LogError(
    'begin-unanswered',
    `Kafka did not answer to the initialisation of transactional id ${transactionalId} (${cause.message}), and could still ` +
      'carry it out later. Check that the brokers are up and the network to them is well; a new attempt uses other ids.',
    { cause },
  );
}
