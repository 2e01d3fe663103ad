import {
  cancel,
  cancelledExit,
  closeThreads,
  exitWithStuckThreads,
  fail,
  finish,
  giveUp,
  unchanged,
} from './job-endings.js';
import type { JobEvent, JobStep, JobTime } from './job-events.js';
import { stepPreparation } from './job-preparation.js';
import {
  type Cancelling,
  type Created,
  type Failing,
  type JobState,
  type Running,
  transition,
} from './job-state.js';
import {
  decideRestart,
  noFailuresYet,
  type RestartDecision,
  type RestartStrategy,
} from './restart-strategy.js';

/**
 * The life of a job, from its start over failures and restarts to its exit code. Recovery is: end every
 * thread and wait for its exit; ask the restart strategy; wait; read the disk; settle; record the new
 * attempt; deploy. Each step waits for its answer; an answer that no step waits for is stale and dropped.
 */
export function stepJob(state: JobState, event: JobEvent, strategy: RestartStrategy, at: JobTime): JobStep {
  if (event.kind === 'outcome-unknown') {
    return { state, effects: [{ kind: 'exit-process', reason: event.reason, how: 'exit' }] };
  }
  switch (state.status) {
    case 'CREATED':
    case 'RESTARTING':
      return stepPreparation(state, event, strategy, at);
    case 'RUNNING':
      return stepRunning(state, event);
    case 'FAILING':
      return stepFailing(state, event, strategy, at);
    case 'CANCELLING':
      return stepCancelling(state, event);
    case 'FAILED':
    case 'CANCELED':
    case 'FINISHED':
      return unchanged(state);
  }
}

export const initialJobState: Created = {
  status: 'CREATED',
  step: { kind: 'not-started' },
  history: noFailuresYet,
  isStopRequested: false,
};

function stepRunning(state: Running, event: JobEvent): JobStep {
  switch (event.kind) {
    case 'attempt-failed':
      // Once the last checkpoint is durable, the threads are being ended, and may fail of it.
      if (event.attempt !== state.attempt || state.step !== 'executing') return unchanged(state);
      return fail(state, state.attempt, event.failure);
    case 'last-checkpoint-durable':
      if (event.attempt !== state.attempt || state.step !== 'executing') return unchanged(state);
      return { state: { ...state, step: 'ending-threads' }, effects: [closeThreads(state.attempt)] };
    case 'threads-exited':
      if (event.attempt !== state.attempt || state.step !== 'ending-threads') return unchanged(state);
      return { state: { ...state, step: 'settling' }, effects: [{ kind: 'settle', before: 'end' }] };
    case 'threads-stuck':
      return event.attempt === state.attempt ? exitWithStuckThreads(state) : unchanged(state);
    case 'settled':
      return state.step === 'settling' ? finish(state) : unchanged(state);
    case 'step-failed':
      return state.step === 'settling' ? fail(state, state.attempt, event.failure) : unchanged(state);
    case 'stop-requested':
      if (state.step !== 'executing' || state.isStopRequested) return unchanged(state);
      return { state: { ...state, isStopRequested: true }, effects: [{ kind: 'request-stop-checkpoint' }] };
    case 'cancel-requested':
      return cancel(state, state.attempt);
    case 'start':
    case 'decided':
    case 'recorded':
    case 'deployed':
    case 'restart-delay-elapsed':
    case 'outcome-unknown':
      return unchanged(state);
  }
}

function stepFailing(state: Failing, event: JobEvent, strategy: RestartStrategy, at: JobTime): JobStep {
  switch (event.kind) {
    case 'attempt-failed': {
      // Of several failures the one that no restart cures decides.
      const isWorse = event.failure.action === 'fail-job' && state.cause.action === 'restart';
      const isCurrent = event.attempt === state.attempt && state.step === 'ending-threads';
      return unchanged(isWorse && isCurrent ? { ...state, cause: event.failure } : state);
    }
    case 'threads-exited':
      if (event.attempt !== state.attempt || state.step !== 'ending-threads') return unchanged(state);
      return afterThreadsExited(state, strategy, at);
    case 'threads-stuck':
      return event.attempt === state.attempt ? exitWithStuckThreads(state) : unchanged(state);
    case 'settled':
      return state.step === 'settling' ? giveUp(state, state.cause, state.giveUpReason) : unchanged(state);
    case 'step-failed': {
      if (state.step !== 'settling') return unchanged(state);
      const left = `What the last checkpoint recorded could not be committed now (${event.failure.message}); the next start commits it.`;
      return giveUp(state, state.cause, [state.giveUpReason, left].filter(Boolean).join(' '));
    }
    case 'stop-requested':
      return unchanged({ ...state, isStopRequested: true });
    case 'cancel-requested':
      if (state.step === 'settling') return cancel(state, state.attempt);
      return unchanged(transition(state, { status: 'CANCELLING', attempt: state.attempt }));
    case 'start':
    case 'decided':
    case 'recorded':
    case 'deployed':
    case 'restart-delay-elapsed':
    case 'last-checkpoint-durable':
    case 'outcome-unknown':
      return unchanged(state);
  }
}

function afterThreadsExited(state: Failing, strategy: RestartStrategy, at: JobTime): JobStep {
  const decision = decideRestart(strategy, state.history, at.monotonicMs, at.randomFraction);
  if (state.cause.action === 'restart' && !state.isStopRequested && decision.kind === 'restart') {
    const { cause, isStopRequested } = state;
    const { history } = decision;
    return {
      state: transition(state, {
        status: 'RESTARTING',
        step: { kind: 'waiting' },
        cause,
        history,
        isStopRequested,
      }),
      effects: [{ kind: 'schedule-restart', afterMs: decision.delayMs }],
    };
  }
  const giveUpReason = whyGivenUp(state, decision);
  return {
    state: { ...state, step: 'settling', ...(giveUpReason === undefined ? {} : { giveUpReason }) },
    effects: [{ kind: 'settle', before: 'end' }],
  };
}

function whyGivenUp(state: Failing, decision: RestartDecision): string | undefined {
  // The failure's own message says why no restart cures it.
  if (state.cause.action === 'fail-job') return undefined;
  if (state.isStopRequested) {
    return 'It failed while it was being stopped; the next start goes on from the last completed checkpoint.';
  }
  return decision.kind === 'give-up' ? `The job is not restarted: ${decision.reason}` : undefined;
}

function stepCancelling(state: Cancelling, event: JobEvent): JobStep {
  if (event.kind === 'threads-stuck' && event.attempt === state.attempt) return exitWithStuckThreads(state);
  if (event.kind !== 'threads-exited' || event.attempt !== state.attempt) return unchanged(state);
  return { state: transition(state, { status: 'CANCELED' }), effects: [cancelledExit] };
}
