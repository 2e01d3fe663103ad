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

const refusals: ReadonlySet<number> = new Set([
  errorCode.outOfOrderSequenceNumber,
  errorCode.invalidProducerEpoch,
  errorCode.invalidTxnState,
  errorCode.invalidProducerIdMapping,
  errorCode.unknownProducerId,
  errorCode.producerFenced,
  errorCode.transactionalIdNotFound,
]);
