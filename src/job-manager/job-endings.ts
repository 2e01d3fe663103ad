import type { Failure } from '../protocol/failures.js';
import type { ExecutionAttempt } from '../protocol/ids.js';
import type { JobEffect, JobStep } from './job-events.js';
import { type Failing, type JobState, type Preparing, type Running, transition } from './job-state.js';

export function fail(state: Preparing | Running, attempt: ExecutionAttempt, cause: Failure): JobStep {
  const { history, isStopRequested } = state;
  return {
    state: transition(state, {
      status: 'FAILING',
      step: 'ending-threads',
      attempt,
      cause,
      history,
      isStopRequested,
    }),
    effects: [endThreads(attempt)],
  };
}

export function giveUp(state: Preparing | Failing, cause: Failure, remark?: string): JobStep {
  return {
    state: transition(state, { status: 'FAILED', cause }),
    effects: [{ kind: 'exit', code: 1, cause, ...(remark === undefined || remark === '' ? {} : { remark }) }],
  };
}

export function cancel(state: Preparing | Running | Failing, attempt: ExecutionAttempt): JobStep {
  return { state: transition(state, { status: 'CANCELLING', attempt }), effects: [endThreads(attempt)] };
}

export function finish(state: Preparing | Running): JobStep {
  return { state: transition(state, { status: 'FINISHED' }), effects: [{ kind: 'exit', code: 0 }] };
}

export function exitWithStuckThreads(state: JobState): JobStep {
  const reason = `A TaskManager thread did not end within ${threadExitTimeoutMs} ms and could still write. Start again: the job goes on from its last completed checkpoint.`;
  return { state, effects: [{ kind: 'exit-process', reason, how: 'kill' }] };
}

export function endThreads(attempt: ExecutionAttempt): JobEffect {
  return { kind: 'end-threads', attempt, withinMs: threadExitTimeoutMs };
}

/** After the last checkpoint: nothing depends on their closing, but users' functions may hold what wants to be closed. */
export function closeThreads(attempt: ExecutionAttempt): JobEffect {
  return {
    kind: 'end-threads',
    attempt,
    withinMs: threadExitTimeoutMs,
    closeWithinMs: threadCloseTimeoutMs,
  };
}

export const cancelledExit: JobEffect = {
  kind: 'exit',
  code: 1,
  remark: 'Cancelled without a last checkpoint; the next start goes on from the last completed one.',
};

export function unchanged(state: JobState): JobStep {
  return { state, effects: [] };
}

/**
 * A thread answers `terminate` within milliseconds unless it is inside a native call; a disk that keeps one
 * there for longer than this is better met by a new process.
 */
export const threadExitTimeoutMs = 10_000;

/** Enough for a function to close its file or connection. What a sink has not committed by then is settled next. */
const threadCloseTimeoutMs = 5_000;
