import { transactionalIdsOfAllAttempts, transactionalIdsOfAttempt } from '../log/transactional-id.js';
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

/** One exactly-once sink's ids, of its subtasks below `subtasks`. */
export interface TransactionalIdPool {
  readonly transactionalIdPrefix: string;
  readonly subtasks: number;
  /** Ids that a subtask uses in one attempt. */
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

/** Of all its subtasks and attempts. */
export function transactionalIdsOf(pool: TransactionalIdPool): readonly string[] {
  return subtasksOf(pool).flatMap((subtaskIndex) => transactionalIdsOfAllAttempts({ ...pool, subtaskIndex }));
}

/** Those of them that the newest attempt may have begun. */
export function transactionalIdsOfLatest({ latest, transactionalIdPools }: AttemptLedger): readonly string[] {
  return transactionalIdPools.flatMap((pool) =>
    subtasksOf(pool).flatMap((subtaskIndex) =>
      transactionalIdsOfAttempt({ ...pool, subtaskIndex }, latest.attempt),
    ),
  );
}

function subtasksOf({ subtasks }: TransactionalIdPool): readonly number[] {
  return Array.from({ length: subtasks }, (_, index) => index);
}

function later(a: CheckpointId | null, b: CheckpointId | null): CheckpointId | null {
  return a === null || b === null ? (a ?? b) : checkpointId(Math.max(a, b));
}
