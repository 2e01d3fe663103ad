import { checkpointId } from '../protocol/ids.js';
import type { CheckpointCoordinatorState, RunningAttempt } from './checkpoint-coordinator-state.js';
import type { CheckpointEffect, CheckpointTime } from './checkpoint-events.js';
import type { CheckpointSettings } from './checkpoint-settings.js';
import {
  type CheckpointPurpose,
  type PendingCheckpoint,
  startPendingCheckpoint,
} from './pending-checkpoint.js';

/** Periodic triggers keep their rhythm; one that is overdue waits out the pause. */
export function afterCheckpoint(
  running: RunningAttempt,
  ended: PendingCheckpoint,
  settings: CheckpointSettings,
  now: CheckpointTime,
): RunningAttempt {
  const inRhythm = ended.triggeredAtMs + settings.checkpointIntervalMs;
  return { ...running, nextPeriodicAtMs: Math.max(inRhythm, now.monotonicMs + settings.minPauseMs) };
}

export function triggerIfDue(
  state: CheckpointCoordinatorState,
  now: CheckpointTime,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  const running = state.attempt;
  if (running.kind !== 'running' || !canTrigger(state, running)) return state;
  if (now.monotonicMs < nextTriggerAtMs(running)) return state;
  const id = checkpointId(state.lastTriggeredId + 1);
  const purpose = nextPurpose(running);
  effects.push({
    kind: 'trigger-checkpoint',
    attempt: running.attempt,
    checkpointId: id,
    purpose,
    triggeredAtMs: now.epochMs,
  });
  const pending = startPendingCheckpoint({
    checkpointId: id,
    attempt: running.attempt,
    purpose,
    triggeredAtMs: now.monotonicMs,
    deadlineMs: now.monotonicMs + state.settings.checkpointTimeoutMs,
    subtasks: running.subtasks,
  });
  return { ...state, lastTriggeredId: id, attempt: { ...running, pending, isCheckpointRequested: false } };
}

function canTrigger(state: CheckpointCoordinatorState, running: RunningAttempt): boolean {
  return (
    running.pending === undefined &&
    state.write === undefined &&
    state.lastTriggeredId < state.idsReservedThrough
  );
}

function nextTriggerAtMs(running: RunningAttempt): number {
  // Requested, stopping and final checkpoints don't wait for their turn, only after a failure for the retry.
  return nextPurpose(running) === 'periodic'
    ? Math.max(running.nextPeriodicAtMs, running.retryAtMs)
    : running.retryAtMs;
}

function nextPurpose(running: RunningAttempt): CheckpointPurpose {
  if (running.finished.size === running.subtasks.length) return 'final';
  if (running.isStopRequested) return 'stop';
  return running.isCheckpointRequested ? 'requested' : 'periodic';
}

/** Asks for the next block of ids while half of the last is left, so that no trigger waits for the disk. */
export function reserveIdsAhead(
  state: CheckpointCoordinatorState,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  const left = state.idsReservedThrough - state.lastTriggeredId;
  const isAmple = left > state.settings.idReservationSize / 2;
  if (isAmple || state.isReservingIds || state.attempt.kind !== 'running') return state;
  const through = checkpointId(state.idsReservedThrough + state.settings.idReservationSize);
  effects.push({ kind: 'reserve-ids', through });
  return { ...state, isReservingIds: true };
}

export function setTimer(
  state: CheckpointCoordinatorState,
  effects: CheckpointEffect[],
): CheckpointCoordinatorState {
  const running = state.attempt.kind === 'running' ? state.attempt : undefined;
  const atMs =
    state.write?.deadlineMs ??
    running?.pending?.deadlineMs ??
    (running !== undefined && canTrigger(state, running) ? nextTriggerAtMs(running) : undefined);
  if (atMs === undefined || atMs === state.timerAtMs) return state;
  effects.push({ kind: 'set-timer', atMs });
  return { ...state, timerAtMs: atMs };
}
