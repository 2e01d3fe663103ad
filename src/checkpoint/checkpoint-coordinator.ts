import type { Failure, FailureDomain } from '../protocol/failures.js';
import { type CheckpointId, checkpointId } from '../protocol/ids.js';
import {
  type AttemptPhase,
  type CheckpointCoordinatorState,
  runningAttempt,
  startAttempt,
} from './checkpoint-coordinator-state.js';
import type { CheckpointEffect, CheckpointEvent, CheckpointTime } from './checkpoint-events.js';
import { afterCheckpoint, reserveIdsAhead, setTimer, triggerIfDue } from './checkpoint-schedule.js';
import type { DurableCheckpoint } from './durable-checkpoint.js';
import {
  acknowledge,
  describeMissing,
  type PendingCheckpoint,
  subtaskKey,
  toCheckpointMetadata,
} from './pending-checkpoint.js';

/**
 * Decides when checkpoints begin, when they are complete and when they have failed. Invariants:
 * - One checkpoint is in progress until its metadata is durable. With two, a crash could leave the newer
 *   one's metadata without the changes of the older.
 * - Nobody is told that a checkpoint is complete before its metadata is durable; else sinks commit output
 *   that a restart produces again.
 * - Ids only rise, over attempts, aborted checkpoints and kills: a reused one would let an old segment or
 *   acknowledgement pass for a new one.
 * - What an ended attempt or an aborted checkpoint still sends is dropped.
 */
export function stepCheckpointCoordinator(
  state: CheckpointCoordinatorState,
  event: CheckpointEvent,
  now: CheckpointTime,
): CheckpointStep {
  if (state.isExiting) return { state, effects: [] };
  const effects: CheckpointEffect[] = [];
  const handled = handle(state, event, now, effects);
  const expired = expire(handled, now, effects);
  const triggered = triggerIfDue(expired, now, effects);
  const reserved = reserveIdsAhead(triggered, effects);
  return { state: setTimer(reserved, effects), effects };
}

export interface CheckpointStep {
  readonly state: CheckpointCoordinatorState;
  readonly effects: readonly CheckpointEffect[];
}

function handle(
  state: CheckpointCoordinatorState,
  event: CheckpointEvent,
  now: CheckpointTime,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  switch (event.kind) {
    case 'attempt-started':
      return startAttempt(state, event, now);
    case 'timer':
      return { ...state, timerAtMs: undefined };
    case 'ack':
      return onAck(state, event, now, effects);
    case 'metadata-durable':
      return onMetadataDurable(state, event.checkpoint, now, effects);
    case 'metadata-write-failed':
      return onMetadataWriteFailed(state, event, now, effects);
    case 'ids-reserved':
      return {
        ...state,
        isReservingIds: false,
        idsReservedThrough: checkpointId(Math.max(state.idsReservedThrough, event.through)),
      };
    case 'id-reservation-failed':
      // A write that may still happen could replace what a later attempt has written by then.
      return event.outcome === 'unknown'
        ? exitProcess(state, event.failure.message, effects)
        : endAttempt({ ...state, isReservingIds: false }, event.failure, effects);
    case 'subtask-finished': {
      const running = runningAttempt(state, event.attempt);
      if (running === undefined) return state;
      return {
        ...state,
        attempt: { ...running, finished: new Set(running.finished).add(subtaskKey(event.subtask)) },
      };
    }
    case 'checkpoint-requested':
      if (state.attempt.kind !== 'running') return state;
      return { ...state, attempt: { ...state.attempt, isCheckpointRequested: true } };
    case 'stop-requested':
      if (state.attempt.kind !== 'running') return state;
      return { ...state, attempt: { ...state.attempt, isStopRequested: true } };
    case 'attempt-ended':
      if (state.attempt.kind === 'none' || state.attempt.attempt !== event.attempt) return state;
      return { ...state, attempt: { kind: 'none' } };
  }
}

function onAck(
  state: CheckpointCoordinatorState,
  event: Extract<CheckpointEvent, { kind: 'ack' }>,
  now: CheckpointTime,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  const running = runningAttempt(state, event.attempt);
  if (running?.pending?.checkpointId !== event.checkpointId) return state;
  const result = acknowledge(running.pending, event.subtask, event.snapshots);
  switch (result.kind) {
    case 'duplicate':
      return state;
    case 'unexpected': {
      const message = `Checkpoint ${event.checkpointId} was acknowledged by subtask ${subtaskKey(event.subtask)}, which the attempt does not have. This is a bug in Millrace.`;
      return endAttempt(state, failureOf(message, 'internal'), effects);
    }
    case 'waiting':
      return { ...state, attempt: { ...running, pending: result.pending } };
    case 'complete':
      effects.push({
        kind: 'write-metadata',
        metadata: toCheckpointMetadata(result.pending, running.job, now.epochMs),
      });
      return {
        ...state,
        write: {
          pending: result.pending,
          deadlineMs: now.monotonicMs + state.settings.metadataWriteTimeoutMs,
        },
        attempt: { ...running, pending: undefined },
      };
  }
}

function onMetadataDurable(
  state: CheckpointCoordinatorState,
  checkpoint: DurableCheckpoint,
  now: CheckpointTime,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  const pending = finishedWrite(state, checkpoint.metadata.checkpointId);
  const written = { ...state, write: undefined };
  effects.push({ kind: 'remove-older', than: pending.checkpointId });
  const running = runningAttempt(written, pending.attempt);
  // The attempt is gone: the next one finds the checkpoint on disk and settles what it records.
  if (running === undefined) return written;
  effects.push({
    kind: 'notify-complete',
    attempt: running.attempt,
    checkpoint,
    durationMs: now.monotonicMs - pending.triggeredAtMs,
    stateBytes: checkpoint.metadata.subtasks.reduce((sum, subtask) => sum + subtask.snapshot.stateBytes, 0),
  });
  switch (pending.purpose) {
    case 'final':
      effects.push({ kind: 'job-finished', checkpoint });
      return { ...written, attempt: { kind: 'ending', attempt: running.attempt } };
    case 'stop':
      effects.push({ kind: 'job-stopped', checkpoint });
      return { ...written, attempt: { kind: 'ending', attempt: running.attempt } };
    case 'periodic':
    case 'requested':
      return {
        ...written,
        attempt: { ...afterCheckpoint(running, pending, state.settings, now), consecutiveFailures: 0 },
      };
  }
}

function onMetadataWriteFailed(
  state: CheckpointCoordinatorState,
  event: Extract<CheckpointEvent, { kind: 'metadata-write-failed' }>,
  now: CheckpointTime,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  const pending = finishedWrite(state, event.checkpointId);
  if (event.outcome === 'unknown') return exitProcess(state, event.failure.message, effects);
  const ended = { ...state, write: undefined };
  if (runningAttempt(ended, pending.attempt) === undefined) return ended;
  return failCheckpoint(ended, pending, event.failure, now, effects);
}

/** Checkpoints that took too long, and a write of metadata that never ended. */
function expire(
  state: CheckpointCoordinatorState,
  now: CheckpointTime,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  if (state.write !== undefined && now.monotonicMs >= state.write.deadlineMs) {
    return exitProcess(
      state,
      `The metadata of checkpoint ${state.write.pending.checkpointId} was not on disk within ${state.settings.metadataWriteTimeoutMs} ms. Check the disk of the state folder, then start again.`,
      effects,
    );
  }
  if (state.attempt.kind !== 'running') return state;
  const { pending } = state.attempt;
  if (pending === undefined || now.monotonicMs < pending.deadlineMs) return state;
  const message = `Checkpoint ${pending.checkpointId} expired: within ${state.settings.checkpointTimeoutMs} ms ${describeMissing(pending)}, had not acknowledged it. Look for backpressure or a slow disk there, or raise the checkpoint time-out.`;
  return failCheckpoint(state, pending, failureOf(message, 'outside-system'), now, effects);
}

function failCheckpoint(
  state: CheckpointCoordinatorState,
  pending: PendingCheckpoint,
  failure: Failure,
  now: CheckpointTime,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  const running = runningAttempt(state, pending.attempt);
  if (running === undefined) return state;
  const consecutiveFailures = running.consecutiveFailures + 1;
  if (failure.action === 'fail-job' || consecutiveFailures > state.settings.tolerableFailedCheckpoints) {
    return endAttempt(state, failure, effects);
  }
  effects.push({
    kind: 'notify-aborted',
    attempt: running.attempt,
    checkpointId: pending.checkpointId,
    reason: failure.message,
  });
  return {
    ...state,
    attempt: {
      ...afterCheckpoint(running, pending, state.settings, now),
      pending: undefined,
      consecutiveFailures,
      retryAtMs: now.monotonicMs + state.settings.retryPauseMs,
    },
  };
}

function endAttempt(
  state: CheckpointCoordinatorState,
  failure: Failure,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  if (state.attempt.kind !== 'running') return state;
  const { attempt } = state.attempt;
  effects.push({ kind: 'fail-attempt', attempt, failure });
  return { ...state, attempt: { kind: 'ending', attempt } };
}

function exitProcess(
  state: CheckpointCoordinatorState,
  reason: string,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  effects.push({ kind: 'exit-process', reason });
  const attempt: AttemptPhase =
    state.attempt.kind === 'running' ? { kind: 'ending', attempt: state.attempt.attempt } : state.attempt;
  return { ...state, write: undefined, attempt, isExiting: true };
}

function finishedWrite(state: CheckpointCoordinatorState, id: CheckpointId): PendingCheckpoint {
  const pending = state.write?.pending;
  if (pending?.checkpointId !== id)
    throw new Error(`Nobody asked for the metadata of checkpoint ${id} to be written.`);
  return pending;
}

function failureOf(message: string, domain: FailureDomain): Failure {
  return { domain, action: 'restart', name: 'CheckpointFailed', message };
}
