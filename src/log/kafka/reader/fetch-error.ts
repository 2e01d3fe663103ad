import { LogError } from '../../log-port.js';
import { answerError, type RetriableAnswer } from '../answer-error.js';
import { errorCode } from '../protocol/error-codes.js';
import type { FetchedPartition } from '../protocol/fetch.js';

/**
 * What a broker's answer for one partition means to its reader: nothing amiss, to be tried again, or the end.
 *
 * A position that is not in the log is never reset here: that would lose or repeat records without a word.
 */
export function fetchError(
  answer: FetchedPartition,
  position: number,
): RetriableAnswer | LogError | undefined {
  const where = `Topic ${answer.topic}, partition ${answer.partition}`;
  switch (answer.errorCode) {
    case errorCode.none:
      return undefined;
    case errorCode.offsetOutOfRange:
      return new LogError(
        'offset-out-of-range',
        `${where}: position ${position} is not in the log (any more)${logStart(answer)}. Its records were deleted before ` +
          'they were read (retention), or the topic was made anew. Start the job from a position that exists ' +
          '(--fresh, or another startingOffsets), knowing that what lies between is lost.',
      );
    case errorCode.corruptMessage:
      return new LogError(
        'corrupt-batch',
        `${where}: the broker finds its own log damaged at offset ${position}. Restore the partition from a replica.`,
      );
    default:
      return answerError(`Fetching topic ${answer.topic}, partition ${answer.partition}`, answer.errorCode);
  }
}

/** Not every such answer tells it. */
function logStart({ logStartOffset }: FetchedPartition): string {
  return logStartOffset < 0 ? '' : `, which begins at ${logStartOffset}`;
}
