import type { RecoveryDecision } from '../checkpoint/recovery-decision.js';
import type { Failure } from '../protocol/failures.js';
import type { ExecutionAttempt } from '../protocol/ids.js';
import { cancel, cancelledExit, fail, finish, giveUp, unchanged } from './job-endings.js';
import type { JobEffect, JobEvent, JobStep, JobTime } from './job-events.js';
import { type Preparation, type Preparing, transition } from './job-state.js';
import { decideRestart, type RestartStrategy } from './restart-strategy.js';

/** From the decision to the deployment, the same at the first start and at every restart. */
export function stepPreparation(
  state: Preparing,
  event: JobEvent,
  strategy: RestartStrategy,
  at: JobTime,
): JobStep {
  const { step } = state;
  switch (event.kind) {
    case 'start':
      if (step.kind !== 'not-started') return unchanged(state);
      return prepare(state, { kind: 'deciding' }, { kind: 'decide', run: event.run });
    case 'restart-delay-elapsed':
      if (step.kind !== 'waiting') return unchanged(state);
      return prepare(state, { kind: 'deciding' }, { kind: 'decide', run: 'restart' });
    case 'decided':
      return step.kind === 'deciding' ? onDecided(state, event.decision) : unchanged(state);
    case 'settled':
      if (step.kind !== 'settling') return unchanged(state);
      if (step.decision.kind === 'finish') return finish(state);
      if (state.isStopRequested) return stoppedBeforeRunning(state);
      return prepare(
        state,
        { kind: 'recording', decision: step.decision },
        { kind: 'record', decision: step.decision },
      );
    case 'recorded':
      if (step.kind !== 'recording') return unchanged(state);
      if (state.isStopRequested) return stoppedBeforeRunning(state);
      return prepare(
        state,
        { kind: 'deploying', attempt: step.decision.attempt },
        { kind: 'deploy', decision: step.decision },
      );
    case 'deployed':
      return isDeploying(step, event.attempt) ? onDeployed(state, event.attempt) : unchanged(state);
    case 'attempt-failed':
      return isDeploying(step, event.attempt) ? fail(state, event.attempt, event.failure) : unchanged(state);
    case 'step-failed':
      return onPreparationFailed(state, event.failure, strategy, at);
    case 'stop-requested':
      return onStopBeforeRunning(state);
    case 'cancel-requested':
      if (step.kind === 'deploying') return cancel(state, step.attempt);
      return { state: transition(state, { status: 'CANCELED' }), effects: [cancelledExit] };
    case 'threads-exited':
    case 'threads-stuck':
    case 'last-checkpoint-durable':
    case 'outcome-unknown':
      return unchanged(state);
  }
}

function onDecided(state: Preparing, decision: RecoveryDecision): JobStep {
  if (decision.kind === 'refuse') return giveUp(state, refusal(decision.reason));
  const isEnd = decision.kind === 'finish' || state.isStopRequested;
  return prepare(
    state,
    { kind: 'settling', decision },
    { kind: 'settle', before: isEnd ? 'end' : 'deployment' },
  );
}

function onDeployed(state: Preparing, attempt: ExecutionAttempt): JobStep {
  const { history, isStopRequested } = state;
  return {
    state: transition(state, { status: 'RUNNING', step: 'executing', attempt, history, isStopRequested }),
    effects: isStopRequested ? [{ kind: 'request-stop-checkpoint' }] : [],
  };
}

function onPreparationFailed(
  state: Preparing,
  failure: Failure,
  strategy: RestartStrategy,
  at: JobTime,
): JobStep {
  if (state.step.kind === 'deploying') return fail(state, state.step.attempt, failure);
  // A first start that can't reach its broker or find its topic is a mistake to correct, not to wait out.
  if (state.status === 'CREATED' || failure.action === 'fail-job' || state.isStopRequested) {
    return giveUp(state, failure);
  }
  const decision = decideRestart(strategy, state.history, at.monotonicMs, at.randomFraction);
  if (decision.kind === 'give-up') return giveUp(state, failure, decision.reason);
  return {
    state: { ...state, cause: failure, history: decision.history, step: { kind: 'waiting' } },
    effects: [{ kind: 'schedule-restart', afterMs: decision.delayMs, notBegunBecause: failure }],
  };
}

function onStopBeforeRunning(state: Preparing): JobStep {
  const stopping = { ...state, isStopRequested: true };
  switch (state.step.kind) {
    case 'not-started':
      return stoppedBeforeRunning(state);
    case 'waiting':
      // Not just the end: what the last checkpoint recorded is still to be committed.
      return prepare(stopping, { kind: 'deciding' }, { kind: 'decide', run: 'restart' });
    case 'deciding':
    case 'settling':
    case 'recording':
    case 'deploying':
      return unchanged(stopping);
  }
}

function prepare(state: Preparing, step: Preparation, effect: JobEffect): JobStep {
  return { state: { ...state, step }, effects: [effect] };
}

/** Everything up to the last completed checkpoint is there, and nothing has run since. */
function stoppedBeforeRunning(state: Preparing): JobStep {
  return { state: transition(state, { status: 'CANCELED' }), effects: [{ kind: 'exit', code: 0 }] };
}

function refusal(message: string): Failure {
  return { domain: 'outside-system', action: 'fail-job', name: 'MillraceError', message };
}

function isDeploying(step: Preparing['step'], attempt: ExecutionAttempt): boolean {
  return step.kind === 'deploying' && step.attempt === attempt;
}
