import { transactionalIdOf } from '../log/transactional-id.js';
import {
  type CheckpointId,
  checkpointId,
  type ExecutionAttempt,
  executionAttempt,
  type JobName,
} from '../protocol/ids.js';

/**
 * What must be remembered of attempts even when none of them completed a checkpoint. Invariant: it is durable
 * *before* an attempt deploys and before an id is used. Without it a killed attempt's transactional ids would
 * be unknown, its open transactions would never be fenced, and its checkpoint ids would be used again.
 */
export interface AttemptLedger {
  readonly jobName: JobName;
  readonly latest: AttemptRecord;
  /** Every transactional id that any attempt may have used: pools of one prefix are united, so this stays small. */
  readonly transactionalIdPools: readonly TransactionalIdPool[];
  /** Checkpoint ids up to here may have been used. */
  readonly checkpointIdsReservedThrough: CheckpointId;
  /** The transactions recorded by this checkpoint, and by all before it, are known to be committed. */
  readonly settledThrough: CheckpointId | null;
}

export interface AttemptRecord {
  readonly attempt: ExecutionAttempt;
  readonly startedAtMs: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly graphHash: string;
}

/** One exactly-once sink's ids: `prefix-subtask-k`, subtask below `subtasks`, k below `poolSize`. */
export interface TransactionalIdPool {
  readonly transactionalIdPrefix: string;
  readonly subtasks: number;
  readonly poolSize: number;
  readonly transactionTimeoutMs: number;
}

export interface AttemptBegin {
  readonly jobName: JobName;
  readonly record: AttemptRecord;
  readonly pools: readonly TransactionalIdPool[];
  /** The highest id used so far: the restored or initial checkpoint's, or a later one of this process. */
  readonly lastUsedCheckpointId: CheckpointId;
  readonly idReservationSize: number;
  /** The newest checkpoint, whose transactions were settled for this attempt; null where there is none. */
  readonly settledThrough: CheckpointId | null;
}

export function beginAttempt(ledger: AttemptLedger | undefined, begin: AttemptBegin): AttemptLedger {
  if (ledger !== undefined && begin.record.attempt <= ledger.latest.attempt) {
    throw new Error(`Attempt ${begin.record.attempt} would not be the first of its number.`);
  }
  return {
    jobName: begin.jobName,
    latest: begin.record,
    transactionalIdPools: unitePools([...(ledger?.transactionalIdPools ?? []), ...begin.pools]),
    checkpointIdsReservedThrough: checkpointId(
      Math.max(
        ledger?.checkpointIdsReservedThrough ?? begin.lastUsedCheckpointId,
        begin.lastUsedCheckpointId + begin.idReservationSize,
      ),
    ),
    settledThrough: later(ledger?.settledThrough ?? null, begin.settledThrough),
  };
}

export function reserveCheckpointIds(ledger: AttemptLedger, through: CheckpointId): AttemptLedger {
  const reserved = checkpointId(Math.max(ledger.checkpointIdsReservedThrough, through));
  return { ...ledger, checkpointIdsReservedThrough: reserved };
}

/**
 * At an orderly end, when no thread of the job runs any more: the ids above `lastUsed` were never used after
 * all, so the next start goes on counting where this one ended.
 */
export function releaseUnusedCheckpointIds(ledger: AttemptLedger, lastUsed: CheckpointId): AttemptLedger {
  const reserved = checkpointId(Math.min(ledger.checkpointIdsReservedThrough, lastUsed));
  return { ...ledger, checkpointIdsReservedThrough: reserved };
}

export function markSettled(ledger: AttemptLedger, through: CheckpointId): AttemptLedger {
  return { ...ledger, settledThrough: later(ledger.settledThrough, through) };
}

export function nextAttempt(
  ledger: AttemptLedger | undefined,
  newest: ExecutionAttempt | undefined,
): ExecutionAttempt {
  return executionAttempt(Math.max(ledger?.latest.attempt ?? 0, newest ?? 0) + 1);
}

/** One pool a prefix, large enough for every one of it: a superset, since fencing an unused id does no harm. */
export function unitePools(pools: readonly TransactionalIdPool[]): readonly TransactionalIdPool[] {
  const byPrefix = new Map<string, TransactionalIdPool>();
  for (const pool of pools) {
    const known = byPrefix.get(pool.transactionalIdPrefix);
    byPrefix.set(pool.transactionalIdPrefix, {
      transactionalIdPrefix: pool.transactionalIdPrefix,
      subtasks: Math.max(pool.subtasks, known?.subtasks ?? 0),
      poolSize: Math.max(pool.poolSize, known?.poolSize ?? 0),
      // The latest attempt's: what a fence asks the log for is that attempt's own setting.
      transactionTimeoutMs: pool.transactionTimeoutMs,
    });
  }
  return [...byPrefix.values()];
}

export function transactionalIdsOf(pool: TransactionalIdPool): readonly string[] {
  const ids: string[] = [];
  for (let subtask = 0; subtask < pool.subtasks; subtask++) {
    for (let k = 0; k < pool.poolSize; k++) {
      ids.push(transactionalIdOf(pool.transactionalIdPrefix, subtask, k));
    }
  }
  return ids;
}

function later(a: CheckpointId | null, b: CheckpointId | null): CheckpointId | null {
  return a === null || b === null ? (a ?? b) : checkpointId(Math.max(a, b));
}
