import { LogError } from '../../log-port.js';
import { answerError, type RetriableAnswer } from '../answer-error.js';
import { errorCode } from '../protocol/error-codes.js';
import type { FetchedPartition } from '../protocol/fetch.js';

/**
 * What a broker's answer for one partition means to its reader: nothing amiss, to be tried again, the end, or
 * that the position is not in the log.
 */
export function fetchError(
  answer: FetchedPartition,
  position: number,
): RetriableAnswer | LogError | 'out-of-range' | undefined {
  const where = `Topic ${answer.topic}, partition ${answer.partition}`;
  switch (answer.errorCode) {
    case errorCode.none:
      return undefined;
    case errorCode.offsetOutOfRange:
      return 'out-of-range';
    case errorCode.corruptMessage:
      return new LogError(
        'corrupt-batch',
        `${where}: the broker finds its own log damaged at offset ${position}. Restore the partition from a replica.`,
      );
    default:
      return answerError(`Fetching topic ${answer.topic}, partition ${answer.partition}`, answer.errorCode);
  }
}
