import type { OperatorUid } from '../protocol/ids.js';

/**
 * What collecting sinks hand to the JobManager. Invariant: a value is delivered when a checkpoint that holds
 * it is complete, and forgotten when its attempt ends before; so each is delivered once over all restarts.
 */
export class ReportedValues {
  readonly delivered = new Map<OperatorUid, unknown[]>();
  private readonly pending: { readonly uid: OperatorUid; readonly value: unknown }[] = [];

  report(uid: OperatorUid, value: unknown): void {
    this.pending.push({ uid, value });
  }

  /** A checkpoint is complete: whatever was reported before its acknowledgements is in it. */
  deliver(): void {
    for (const { uid, value } of this.pending) {
      const values = this.delivered.get(uid) ?? [];
      values.push(value);
      this.delivered.set(uid, values);
    }
    this.pending.length = 0;
  }

  forgetPending(): void {
    this.pending.length = 0;
  }
}
