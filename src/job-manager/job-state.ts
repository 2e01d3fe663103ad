import type { RecoveryDecision } from '../checkpoint/recovery-decision.js';
import type { Failure } from '../protocol/failures.js';
import type { ExecutionAttempt } from '../protocol/ids.js';
import type { RestartHistory } from './restart-strategy.js';

/**
 * Flink's job states, and within some of them the step that is under way. Invariant: no step of recovery
 * begins before the one ahead of it has ended. A thread that still runs while transactions are settled could
 * append to them; an attempt deployed before that would put its output in front of its predecessor's.
 */
export type JobState = Created | Running | Failing | Restarting | Cancelling | Failed | Canceled | Finished;

export type JobStatus = JobState['status'];
export type StateOf<Status extends JobStatus> = Extract<JobState, { readonly status: Status }>;

/** The legal transitions. An illegal one does not compile. */
export interface NextStatus {
  CREATED: 'RUNNING' | 'FAILING' | 'CANCELLING' | 'FAILED' | 'CANCELED' | 'FINISHED';
  RUNNING: 'FAILING' | 'CANCELLING' | 'FINISHED';
  FAILING: 'RESTARTING' | 'FAILED' | 'CANCELLING';
  RESTARTING: 'RUNNING' | 'FAILING' | 'CANCELLING' | 'FAILED' | 'CANCELED' | 'FINISHED';
  CANCELLING: 'CANCELED';
  FAILED: never;
  CANCELED: never;
  FINISHED: never;
}

/** `From` may be several statuses; the target must be legal from each of them. */
export function transition<From extends JobStatus>(
  _from: StateOf<From>,
  to: StateOf<LegalTarget<From>>,
): StateOf<LegalTarget<From>> {
  return to;
}

type LegalTarget<From extends JobStatus> = {
  [To in JobStatus]: [From] extends [LegalOrigin<To>] ? To : never;
}[JobStatus];

type LegalOrigin<To extends JobStatus> = {
  [From in JobStatus]: To extends NextStatus[From] ? From : never;
}[JobStatus];

interface Live {
  readonly history: RestartHistory;
  /** One last checkpoint, then the end. */
  readonly isStopRequested: boolean;
}

/** Nothing has run yet. */
export interface Created extends Live {
  readonly status: 'CREATED';
  readonly step: { readonly kind: 'not-started' } | Preparation;
}

/** What comes before an attempt runs, each after the last has ended. */
export type Preparation =
  /** Reading the disk. */
  | { readonly kind: 'deciding' }
  /** Committing and fencing. */
  | { readonly kind: 'settling'; readonly decision: SettleableDecision }
  /** Making the initial checkpoint (of a new line) and the attempt's record durable. */
  | { readonly kind: 'recording'; readonly decision: DeployableDecision }
  /** Threads are being started. */
  | { readonly kind: 'deploying'; readonly attempt: ExecutionAttempt };

export type SettleableDecision = Exclude<RecoveryDecision, { readonly kind: 'refuse' }>;
export type DeployableDecision = Extract<RecoveryDecision, { readonly kind: 'start-new' | 'restore' }>;

/** No attempt runs, and the next one is on its way. */
export type Preparing = Created | Restarting;

export interface Running extends Live {
  readonly status: 'RUNNING';
  readonly attempt: ExecutionAttempt;
  /** Once its last checkpoint is durable, its threads are ended and what it recorded is committed. */
  readonly step: 'executing' | 'ending-threads' | 'settling';
}

export interface Failing extends Live {
  readonly status: 'FAILING';
  readonly attempt: ExecutionAttempt;
  readonly cause: Failure;
  /** `settling`: it won't be restarted, and leaves no transaction open behind it. */
  readonly step: 'ending-threads' | 'settling';
  /** Why it won't be restarted, once that is decided. */
  readonly giveUpReason?: string;
}

export interface Restarting extends Live {
  readonly status: 'RESTARTING';
  readonly cause: Failure;
  readonly step: { readonly kind: 'waiting' } | Preparation;
}

export interface Cancelling {
  readonly status: 'CANCELLING';
  readonly attempt: ExecutionAttempt;
}

export interface Failed {
  readonly status: 'FAILED';
  readonly cause: Failure;
}

export interface Canceled {
  readonly status: 'CANCELED';
}

/** Also after a stop with its last checkpoint. */
export interface Finished {
  readonly status: 'FINISHED';
}
