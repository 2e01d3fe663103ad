import { type FailureAction, MillraceError } from '../protocol/failures.js';
import { LogError, type LogErrorCode } from './log-port.js';

/**
 * An error of the log as the failure of an attempt: with where it happened, and whether a new attempt may
 * cure it. What is no LogError is a defect, and restarted.
 */
export function logFailure(where: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  if (!(error instanceof LogError)) {
    return new MillraceError(`${where} failed.`, { domain: 'internal', action: 'restart', cause: error });
  }
  return new MillraceError(`${where} failed: ${error.message}`, {
    domain: error.code === 'internal' ? 'internal' : 'outside-system',
    action: actionAfter(error.code),
    cause: error,
  });
}

function actionAfter(code: LogErrorCode): FailureAction {
  switch (code) {
    case 'unreachable':
    case 'delivery-timeout':
    case 'begin-unanswered':
    case 'internal':
      return 'restart';
    // Somebody else writes under this job's transactional ids. A new attempt would take ids that the other does
    // not use at the moment, and both would write the same results: one of the two must end.
    case 'fenced':
      return 'fail-job';
    // Each attempt would meet the same again, and the answer is a person's.
    case 'corrupt-batch':
    case 'unknown-topic':
    case 'offset-out-of-range':
    case 'record-too-large':
    case 'unauthorized':
    case 'invalid-configuration':
      return 'fail-job';
    // Output that the checkpoint counts on is gone: an attempt that went on would hide the loss.
    case 'transaction-lost':
      return 'fail-job';
    default:
      return code satisfies never;
  }
}
