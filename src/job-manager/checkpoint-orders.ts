import type { Logger } from '../host/logger.js';
import type { Failure } from '../protocol/failures.js';
import type { ExecutionAttempt } from '../protocol/ids.js';
import type { ToTaskManager } from '../protocol/messages.js';
import type { CheckpointOrder } from './checkpoint-driver.js';
import type { JobMetrics } from './job-metrics.js';
import type { OffsetCommits } from './offset-commits.js';
import type { ReportedValues } from './reported-values.js';

/** Carries out what a checkpoint's course asks for: tells the threads, the metrics, the log and the job. */
export class CheckpointOrders {
  private readonly options: CheckpointOrdersOptions;

  constructor(options: CheckpointOrdersOptions) {
    this.options = options;
  }

  carryOut(order: CheckpointOrder): void {
    const { metrics, logger } = this.options;
    switch (order.kind) {
      case 'trigger-checkpoint':
        this.options.broadcast(order);
        return;
      case 'notify-complete':
        this.complete(order);
        return;
      case 'notify-aborted':
        metrics.checkpointFailed();
        logger.warn(`Checkpoint ${order.checkpointId} failed: ${order.reason}`);
        this.options.broadcast({ ...order, kind: 'checkpoint-aborted' });
        return;
      case 'fail-attempt':
        metrics.checkpointFailed();
        this.options.onAttemptFailed(order.attempt, order.failure);
        return;
      case 'job-finished':
      case 'job-stopped':
        this.options.onLastCheckpoint(order.checkpoint.metadata.attempt, order.kind === 'job-finished');
        return;
      case 'exit-process':
        this.options.onOutcomeUnknown(order.reason);
        return;
    }
  }

  private complete(order: Extract<CheckpointOrder, { readonly kind: 'notify-complete' }>): void {
    const { attempt, checkpoint, durationMs, stateBytes } = order;
    const { metadata } = checkpoint;
    const { checkpointId } = metadata;
    this.options.metrics.checkpointCompleted({ id: checkpointId, durationMs, stateBytes });
    this.options.reported.deliverThrough(checkpointId);
    this.options.broadcast({ kind: 'checkpoint-complete', attempt, checkpointId });
    this.options.offsetCommits.commit(metadata);
  }
}

export interface CheckpointOrdersOptions {
  readonly metrics: JobMetrics;
  readonly reported: ReportedValues;
  readonly offsetCommits: OffsetCommits;
  readonly logger: Logger;
  /** To every TaskManager of the attempt that runs, if one does. */
  readonly broadcast: (message: ToTaskManager) => void;
  readonly onAttemptFailed: (attempt: ExecutionAttempt, failure: Failure) => void;
  /** The final checkpoint, or that of a stop, is durable. */
  readonly onLastCheckpoint: (attempt: ExecutionAttempt, hasInputEnded: boolean) => void;
  readonly onOutcomeUnknown: (reason: string) => void;
}
