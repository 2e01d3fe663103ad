import type { TopicPartition } from '../../log-port.js';
import { errorCode } from '../protocol/error-codes.js';
import type { ProducerIdentity } from '../protocol/init-producer-id.js';

/** Under whose name a sender writes, and what must be agreed with the cluster before. */
export interface ProducerSession {
  readonly transactionalId: string | null;
  /** Who the producer is. Retries by itself. @throws LogError */
  identify(): Promise<ProducerIdentity>;
  /** Called once for each partition, before its first batch is sent. Retries by itself. @throws LogError */
  admit(partitions: readonly TopicPartition[]): Promise<void>;
  /** The error for a producer that the log does not accept any more. */
  refused(code: number): Error;
}

/** Whether a code says that this producer id and epoch may not write (any more). */
export function isProducerRefused(code: number): boolean {
  return refusals.has(code);
}

/** Whether a refusal says that the log has lost what it knew of the producer, rather than that somebody took its place. */
export function isProducerForgotten(code: number): boolean {
  return losses.has(code);
}

const losses: ReadonlySet<number> = new Set([
  errorCode.outOfOrderSequenceNumber,
  errorCode.invalidTxnState,
  errorCode.invalidProducerIdMapping,
  errorCode.unknownProducerId,
  errorCode.transactionalIdNotFound,
]);

const refusals: ReadonlySet<number> = new Set([
  ...losses,
  errorCode.invalidProducerEpoch,
  errorCode.producerFenced,
]);
