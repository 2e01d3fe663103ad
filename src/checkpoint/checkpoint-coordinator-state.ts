import { type CheckpointId, checkpointId, type ExecutionAttempt } from '../protocol/ids.js';
import type { AttemptStarted, CheckpointTime } from './checkpoint-events.js';
import type { CheckpointSettings } from './checkpoint-settings.js';
import type { AcknowledgingSubtask, CheckpointedJob, PendingCheckpoint } from './pending-checkpoint.js';

/**
 * What the checkpoint coordinator knows. At most one of a running attempt's `pending` and `write` is set:
 * that is how one checkpoint at a time is in progress.
 */
export interface CheckpointCoordinatorState {
  readonly settings: CheckpointSettings;
  /** The highest id ever used, as far as known. */
  readonly lastTriggeredId: CheckpointId;
  readonly idsReservedThrough: CheckpointId;
  readonly isReservingIds: boolean;
  /** The metadata being written. It may outlive the attempt that took the checkpoint. */
  readonly write: MetadataWrite | undefined;
  readonly attempt: AttemptPhase;
  readonly timerAtMs: number | undefined;
  /** The process is about to end; whatever still arrives changes nothing. */
  readonly isExiting: boolean;
}

export interface MetadataWrite {
  readonly pending: PendingCheckpoint;
  readonly deadlineMs: number;
}

export type AttemptPhase =
  | { readonly kind: 'none' }
  | RunningAttempt
  /** Told to fail, finished or stopped: takes no more checkpoints. */
  | { readonly kind: 'ending'; readonly attempt: ExecutionAttempt };

export interface RunningAttempt {
  readonly kind: 'running';
  readonly attempt: ExecutionAttempt;
  readonly job: CheckpointedJob;
  readonly subtasks: readonly AcknowledgingSubtask[];
  readonly finished: ReadonlySet<string>;
  readonly pending: PendingCheckpoint | undefined;
  readonly consecutiveFailures: number;
  readonly isCheckpointRequested: boolean;
  readonly isStopRequested: boolean;
  readonly nextPeriodicAtMs: number;
  /** After a failed checkpoint even an urgent one waits until then. */
  readonly retryAtMs: number;
}

/** `lastUsedId`: the highest id that any earlier run may have used, -1 in a new folder. */
export function initialCheckpointCoordinator(
  settings: CheckpointSettings,
  lastUsedId: CheckpointId,
): CheckpointCoordinatorState {
  return {
    settings,
    lastTriggeredId: lastUsedId,
    idsReservedThrough: lastUsedId,
    isReservingIds: false,
    write: undefined,
    attempt: { kind: 'none' },
    timerAtMs: undefined,
    isExiting: false,
  };
}

export function startAttempt(
  state: CheckpointCoordinatorState,
  event: AttemptStarted,
  now: CheckpointTime,
): CheckpointCoordinatorState {
  if (state.attempt.kind !== 'none')
    throw new Error(`Attempt ${event.attempt} began before its predecessor ended.`);
  if (state.write !== undefined) {
    throw new Error(
      `Attempt ${event.attempt} began while checkpoint ${state.write.pending.checkpointId} was being written.`,
    );
  }
  return {
    ...state,
    lastTriggeredId: checkpointId(Math.max(state.lastTriggeredId, event.restoredCheckpointId)),
    idsReservedThrough: checkpointId(Math.max(state.idsReservedThrough, event.idsReservedThrough)),
    attempt: {
      kind: 'running',
      attempt: event.attempt,
      job: event.job,
      subtasks: event.subtasks,
      finished: new Set(),
      pending: undefined,
      consecutiveFailures: 0,
      isCheckpointRequested: false,
      isStopRequested: false,
      nextPeriodicAtMs: now.monotonicMs + state.settings.checkpointIntervalMs,
      retryAtMs: now.monotonicMs,
    },
  };
}

/** Undefined when that attempt is not the one that runs: what it sends is stale. */
export function runningAttempt(
  state: CheckpointCoordinatorState,
  attempt: ExecutionAttempt,
): RunningAttempt | undefined {
  return state.attempt.kind === 'running' && state.attempt.attempt === attempt ? state.attempt : undefined;
}
