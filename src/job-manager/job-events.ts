import type { RecoveryDecision, RunKind } from '../checkpoint/recovery-decision.js';
import type { Failure } from '../protocol/failures.js';
import type { ExecutionAttempt } from '../protocol/ids.js';
import type { DeployableDecision, JobState } from './job-state.js';

/** What the job is told. Events that name an attempt are dropped when it is not the current one. */
export type JobEvent =
  | { readonly kind: 'start'; readonly run: Exclude<RunKind, 'restart'> }
  | { readonly kind: 'decided'; readonly decision: RecoveryDecision }
  | { readonly kind: 'settled' }
  | { readonly kind: 'recorded' }
  | { readonly kind: 'deployed'; readonly attempt: ExecutionAttempt }
  /** A step of the preparation, or a settlement, failed. */
  | { readonly kind: 'step-failed'; readonly failure: Failure }
  /** A task, a TaskManager or the checkpoint coordinator. */
  | { readonly kind: 'attempt-failed'; readonly attempt: ExecutionAttempt; readonly failure: Failure }
  /** Every thread has exited and no write of the job is in flight. */
  | { readonly kind: 'threads-exited'; readonly attempt: ExecutionAttempt }
  | { readonly kind: 'threads-stuck'; readonly attempt: ExecutionAttempt }
  | { readonly kind: 'restart-delay-elapsed' }
  /** The final checkpoint, or that of a stop, is durable. */
  | { readonly kind: 'last-checkpoint-durable'; readonly attempt: ExecutionAttempt }
  | { readonly kind: 'stop-requested' }
  | { readonly kind: 'cancel-requested' }
  /** A write may or may not have reached the disk. */
  | { readonly kind: 'outcome-unknown'; readonly reason: string };

/** What the job wants done. Each is answered by an event. */
export type JobEffect =
  | { readonly kind: 'decide'; readonly run: RunKind }
  /** Commit what the newest checkpoint records and fence the rest; before the end, without the ids of a next attempt. */
  | { readonly kind: 'settle'; readonly before: 'deployment' | 'end' }
  | { readonly kind: 'record'; readonly decision: DeployableDecision }
  | { readonly kind: 'deploy'; readonly decision: DeployableDecision }
  | {
      readonly kind: 'end-threads';
      readonly attempt: ExecutionAttempt;
      readonly withinMs: number;
      /** At an orderly end: how long they may take to close what their functions and sinks hold. */
      readonly closeWithinMs?: number;
    }
  | {
      readonly kind: 'schedule-restart';
      readonly afterMs: number;
      /** Why the attempt before did not even begin; what failed while it ran has been told. */
      readonly notBegunBecause?: Failure;
    }
  | { readonly kind: 'request-stop-checkpoint' }
  | { readonly kind: 'exit'; readonly code: 0 | 1; readonly cause?: Failure; readonly remark?: string }
  /** At once, without settling: the next start reads the disk. */
  | { readonly kind: 'exit-process'; readonly reason: string; readonly how: ProcessExit };

export interface JobStep {
  readonly state: JobState;
  readonly effects: readonly JobEffect[];
}

export interface JobTime {
  readonly monotonicMs: number;
  /** Uniform in [0, 1). */
  readonly randomFraction: number;
}

/**
 * `exit` runs Node's own shutdown, which waits for every thread. One that hangs inside a native call would hold
 * it for ever, so then the process is killed; a start finds what it finds after any `kill -9`.
 */
export type ProcessExit = 'exit' | 'kill';
