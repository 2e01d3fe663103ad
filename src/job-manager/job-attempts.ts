import type { CheckpointStore } from '../checkpoint/checkpoint-store.js';
import type { Clock } from '../host/clock.js';
import type { Logger } from '../host/logger.js';
import type { TaskManagerLauncher } from '../host/task-manager-launcher.js';
import type { LogClient } from '../log/log-port.js';
import { describeFailure, type Failure } from '../protocol/failures.js';
import type { CheckpointId, ExecutionAttempt, SlotIndex } from '../protocol/ids.js';
import type { ToTaskManager } from '../protocol/messages.js';
import { AttemptExecution, type TaskManagerReport } from './attempt-execution.js';
import { CheckpointDriver, type CheckpointOrder } from './checkpoint-driver.js';
import { FirstRecordReport } from './first-record-report.js';
import type { JobDescription } from './job-description.js';
import type { JobEvent } from './job-events.js';
import type { JobMetrics } from './job-metrics.js';
import type { JobSettings } from './job-settings.js';
import type { AttemptStart } from './recovery.js';
import { stepFailed } from './recovery-steps.js';
import type { ReportedValues } from './reported-values.js';
import { planDeployments } from './slot-deployments.js';

/**
 * The execution attempts of a job, one at a time: deploys them, passes on what their TaskManagers report, and ends
 * their threads. Invariant: what comes of an attempt that is not the current one is dropped; its failure would else
 * end the next one.
 */
export class JobAttempts {
  private readonly options: JobAttemptsOptions;
  private readonly firstRecord: FirstRecordReport;
  /** From the first attempt on, through all of them: checkpoint ids only rise. */
  private checkpoints: CheckpointDriver | undefined;
  private execution: AttemptExecution | undefined;

  constructor(options: JobAttemptsOptions) {
    this.options = options;
    this.firstRecord = new FirstRecordReport(options.logger, options.processStartedAtMs);
  }

  deploy(attempt: ExecutionAttempt, start: AttemptStart): void {
    const { job, clock, launcher, settings, logger } = this.options;
    const { deployments, warnings } = planDeployments(job, start.checkpoint.metadata);
    const isRestart = this.checkpoints !== undefined;
    if (!isRestart) for (const warning of warnings) logger.warn(warning);
    logger.info(
      `Attempt ${attempt} begins from checkpoint ${start.checkpoint.metadata.checkpointId} with parallelism ${settings.parallelism}.`,
    );
    this.checkpoints ??= new CheckpointDriver(
      {
        settings: settings.checkpoints,
        store: this.options.store,
        clock,
        order: this.options.order,
      },
      start.lastUsedCheckpointId,
    );
    this.options.metrics.attemptStarted(isRestart);
    try {
      this.execution = new AttemptExecution({
        attempt,
        job,
        settings,
        deployments,
        launcher,
        clock,
        log: this.options.log,
        tell: (message) => logger.info(message),
        onAllRunning: () => this.onAllRunning(attempt, start),
        onFailure: (failure) => this.failed(attempt, failure),
        onMessage: (slot, message) => this.onReport(slot, message),
      });
    } catch (error) {
      this.options.dispatch(stepFailed(error));
    }
  }

  failed(attempt: ExecutionAttempt, failure: Failure): void {
    if (this.execution?.attempt !== attempt) return;
    this.firstRecord.attemptFailed(this.options.clock.epochMs());
    // What ends the job is told at its end, once.
    if (failure.action === 'restart') {
      this.options.logger.error(`Attempt ${attempt} failed: ${describeFailure(failure)}`);
    }
    this.options.dispatch({ kind: 'attempt-failed', attempt, failure });
  }

  /** To every TaskManager of the current attempt. */
  broadcast(message: ToTaskManager): void {
    this.execution?.broadcast(message);
  }

  requestStopCheckpoint(): void {
    this.checkpoints?.dispatch({ kind: 'stop-requested' });
  }

  /** Ends every thread of the current attempt; with `closeWithinMs`, after they have closed what they hold. */
  async end(attempt: ExecutionAttempt, withinMs: number, closeWithinMs: number | undefined): Promise<void> {
    const { execution } = this;
    if (closeWithinMs !== undefined) await execution?.close(closeWithinMs);
    const ended = (await execution?.end(withinMs)) ?? true;
    if (!ended) {
      this.options.dispatch({ kind: 'threads-stuck', attempt });
      return;
    }
    this.execution = undefined;
    this.checkpoints?.dispatch({ kind: 'attempt-ended', attempt });
    await this.options.store.idle();
    this.options.dispatch({ kind: 'threads-exited', attempt });
  }

  /** No attempt follows. */
  close(): void {
    this.checkpoints?.close();
  }

  /** Undefined when there was no attempt. */
  get lastTriggeredCheckpointId(): CheckpointId | undefined {
    return this.checkpoints?.lastTriggeredId;
  }

  private onAllRunning(attempt: ExecutionAttempt, start: AttemptStart): void {
    const { job } = this.options;
    this.checkpoints?.dispatch({
      kind: 'attempt-started',
      attempt,
      job: job.checkpointed,
      subtasks: job.subtasks,
      restoredCheckpointId: start.checkpoint.metadata.checkpointId,
      idsReservedThrough: start.idsReservedThrough,
    });
    this.options.dispatch({ kind: 'deployed', attempt });
  }

  private onReport(slot: SlotIndex, message: TaskManagerReport): void {
    const { metrics, reported, clock, logger } = this.options;
    switch (message.kind) {
      case 'checkpoint-acknowledged':
        this.checkpoints?.dispatch({ ...message, kind: 'ack' });
        return;
      case 'subtask-finished':
        this.checkpoints?.dispatch(message);
        return;
      case 'metrics':
        metrics.update(slot, message.subtasks, clock.monotonicMs());
        return;
      case 'report':
        reported.report(message);
        return;
      case 'first-record-processed':
        this.firstRecord.recordProcessed(message.attempt, message.atEpochMs);
        return;
      case 'warning':
        logger.warn(message.message);
        return;
    }
  }
}

export interface JobAttemptsOptions {
  readonly job: JobDescription;
  readonly settings: JobSettings;
  readonly store: CheckpointStore;
  readonly launcher: TaskManagerLauncher;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: () => Promise<LogClient>;
  readonly metrics: JobMetrics;
  readonly reported: ReportedValues;
  /** Epoch ms. */
  readonly processStartedAtMs: number | undefined;
  /** What a checkpoint's course asks for. */
  readonly order: (order: CheckpointOrder) => void;
  readonly dispatch: (event: JobEvent) => void;
}
