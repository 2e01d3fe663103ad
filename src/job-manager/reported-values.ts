import type { CheckpointId, ExecutionAttempt, OperatorUid } from '../protocol/ids.js';

/**
 * What collecting sinks hand to the JobManager. Invariant: a value is delivered when a checkpoint that holds
 * it is known to be durable, and forgotten when its attempt ended before; so each is delivered once over all
 * restarts.
 */
export class ReportedValues {
  readonly delivered = new Map<OperatorUid, unknown[]>();
  /** Of the newest attempt alone, in the order of their reports. */
  private pending: ReportedValue[] = [];

  report(value: ReportedValue): void {
    this.pending.push(value);
  }

  /** The checkpoint is durable: so is everything that was reported for it, or for one before it. */
  deliverThrough(checkpointId: CheckpointId): void {
    const held = this.pending.filter((each) => each.checkpointId <= checkpointId);
    this.pending = this.pending.filter((each) => each.checkpointId > checkpointId);
    for (const { operatorUid, value } of held) {
      const values = this.delivered.get(operatorUid) ?? [];
      values.push(value);
      this.delivered.set(operatorUid, values);
    }
  }

  /**
   * The attempt has ended, and `newest` is what is on disk. It may hold values of an attempt that failed while
   * the metadata was being written; what it does not hold will be computed again.
   */
  settle(newest: DurablePoint | undefined): void {
    const isOfAttempt = newest !== undefined && this.pending[0]?.attempt === newest.attempt;
    if (isOfAttempt) this.deliverThrough(newest.checkpointId);
    this.pending = [];
  }
}

export interface ReportedValue {
  readonly attempt: ExecutionAttempt;
  /** It belongs to this checkpoint, and to every later one of its attempt. */
  readonly checkpointId: CheckpointId;
  readonly operatorUid: OperatorUid;
  readonly value: unknown;
}

export interface DurablePoint {
  readonly attempt: ExecutionAttempt;
  readonly checkpointId: CheckpointId;
}
