import {
  type CheckpointId,
  checkpointId,
  type ExecutionAttempt,
  type JobName,
  type OperatorUid,
} from '../protocol/ids.js';
import { type AttemptLedger, nextAttempt } from './attempt-ledger.js';
import type { CheckpointMetadata } from './checkpoint-metadata.js';
import type { DurableCheckpoint } from './durable-checkpoint.js';
import { isSettled } from './settlement-plan.js';

/**
 * What to do with what is on disk. Invariant: the newest checkpoint is restored or nothing is; an older one
 * would produce again what the newer one's transactions have already committed.
 */
export function decideRecovery(onDisk: DurableJobState, job: JobToRun, run: RunKind): RecoveryDecision {
  const { ledger, newestCheckpoint } = onDisk;
  const metadata = newestCheckpoint?.metadata;
  const next: NextNumbers = {
    attempt: nextAttempt(ledger, metadata?.attempt),
    lastUsedCheckpointId: lastUsedCheckpointId(onDisk),
  };
  const otherName = otherJobName(onDisk, job);
  if (otherName !== undefined) return refuse(otherJobSentence(otherName, job));
  if (newestCheckpoint === undefined || metadata === undefined) return startNew('nothing-to-restore', next);
  if (run === 'fresh-start') return startNew('fresh', next);
  if (metadata.isFinal && (run === 'restart' || !isSettled(onDisk))) {
    // Its process ended between its last checkpoint and its end: commit, and do nothing twice.
    return { kind: 'finish', checkpoint: newestCheckpoint };
  }
  if (metadata.isFinal) return startNew('finished-before', next);
  const obstacle = obstacleToRestore(metadata, job);
  return obstacle === undefined
    ? { kind: 'restore', checkpoint: newestCheckpoint, ...next }
    : refuse(obstacle);
}

export interface DurableJobState {
  readonly ledger: AttemptLedger | undefined;
  readonly newestCheckpoint: DurableCheckpoint | undefined;
}

export interface JobToRun {
  readonly jobName: JobName;
  readonly graphHash: string;
  readonly operatorUids: readonly OperatorUid[];
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** How many subtasks an operator has where the job has so many. */
  subtasksOf(operatorUid: OperatorUid, jobParallelism: number): number;
}

/** `restart`: after a failure, within the same process. */
export type RunKind = 'first-start' | 'fresh-start' | 'restart';

export type RecoveryDecision =
  /** Settle, resolve the sources' start positions, and write them as checkpoint `initialCheckpointId`. */
  | ({
      readonly kind: 'start-new';
      readonly because: 'nothing-to-restore' | 'fresh' | 'finished-before';
      readonly initialCheckpointId: CheckpointId;
    } & NextNumbers)
  | ({ readonly kind: 'restore'; readonly checkpoint: DurableCheckpoint } & NextNumbers)
  /** All the work is done; only its last transactions are not known to be committed. */
  | { readonly kind: 'finish'; readonly checkpoint: DurableCheckpoint }
  | { readonly kind: 'refuse'; readonly reason: string };

interface NextNumbers {
  readonly attempt: ExecutionAttempt;
  /** No id up to here may be used again. */
  readonly lastUsedCheckpointId: CheckpointId;
}

/** -1 in a new folder, so that the first one is checkpoint 0. */
export function lastUsedCheckpointId(onDisk: DurableJobState): CheckpointId {
  const reserved = onDisk.ledger?.checkpointIdsReservedThrough ?? -1;
  return checkpointId(Math.max(reserved, onDisk.newestCheckpoint?.metadata.checkpointId ?? -1));
}

function startNew(
  because: 'nothing-to-restore' | 'fresh' | 'finished-before',
  next: NextNumbers,
): RecoveryDecision {
  return {
    kind: 'start-new',
    because,
    initialCheckpointId: checkpointId(next.lastUsedCheckpointId + 1),
    ...next,
  };
}

function refuse(reason: string): RecoveryDecision {
  return { kind: 'refuse', reason };
}

function otherJobName(onDisk: DurableJobState, job: JobToRun): JobName | undefined {
  const names = [onDisk.newestCheckpoint?.metadata.jobName, onDisk.ledger?.jobName];
  return names.find((name) => name !== undefined && name !== job.jobName);
}

function otherJobSentence(otherName: JobName, job: JobToRun): string {
  return `The state folder belongs to the job "${otherName}", not to "${job.jobName}". Give this job a folder of its own with --state-dir.`;
}

function obstacleToRestore(metadata: CheckpointMetadata, job: JobToRun): string | undefined {
  const from = `checkpoint ${metadata.checkpointId}`;
  if (metadata.maxParallelism !== job.maxParallelism) {
    return `The state of ${from} was divided for --max-parallelism ${metadata.maxParallelism}, and can't be read with ${job.maxParallelism}. Start with --max-parallelism ${metadata.maxParallelism}, or begin anew with --fresh.`;
  }
  const missing = [...uidsWithState(metadata)].filter((uid) => !job.operatorUids.includes(uid));
  if (missing.length > 0) {
    return `The job has no operator for the state that ${from} holds of ${missing.map((uid) => `"${uid}"`).join(', ')}. Give the operators their former uids back, or begin anew with --fresh.`;
  }
  if (metadata.graphHash !== job.graphHash) {
    return `The job's graph has changed since ${from} was taken (an operator, an edge, or a source's or sink's settings). Run the former job, or begin anew with --fresh.`;
  }
  if (hasOtherKeyGroups(metadata, job)) {
    return `The keyed state of ${from} lies in ${metadata.parallelism} parts, and rescaling it to --parallelism ${job.parallelism} is not possible yet. Start with --parallelism ${metadata.parallelism}, or begin anew with --fresh.`;
  }
  return undefined;
}

function uidsWithState(metadata: CheckpointMetadata): ReadonlySet<OperatorUid> {
  const stateful = metadata.subtasks.filter(({ snapshot }) => {
    const { keyedState, listState = [], operatorState = [] } = snapshot;
    return keyedState !== undefined || listState.length > 0 || operatorState.length > 0;
  });
  return new Set(stateful.map((subtask) => subtask.operatorUid));
}

/** Whether keyed state would have to move: not that of an operator with fewer subtasks, which has as many as before. */
function hasOtherKeyGroups(metadata: CheckpointMetadata, job: JobToRun): boolean {
  return metadata.subtasks.some(({ operatorUid, snapshot }) => {
    const before = job.subtasksOf(operatorUid, metadata.parallelism);
    return snapshot.keyedState !== undefined && before !== job.subtasksOf(operatorUid, job.parallelism);
  });
}
