import type { CheckpointStore } from '../checkpoint/checkpoint-store.js';
import type { StreamGraph } from '../graph/stream-graph.js';
import type { CancelTimer, Clock } from '../host/clock.js';
import type { Logger } from '../host/logger.js';
import type { Random } from '../host/random.js';
import type { TaskManagerLauncher } from '../host/task-manager-launcher.js';
import { waitWithin } from '../host/wait-within.js';
import type { LogClient } from '../log/log-port.js';
import { listMetrics } from '../metrics/list-metrics.js';
import type { Metric } from '../metrics/metric.js';
import { describeFailure, type Failure } from '../protocol/failures.js';
import type { ExecutionAttempt } from '../protocol/ids.js';
import { CheckpointOrders } from './checkpoint-orders.js';
import { JobAttempts } from './job-attempts.js';
import { describeJob, type JobDescription } from './job-description.js';
import type { JobEffect, JobEvent, ProcessExit } from './job-events.js';
import { JobMetrics } from './job-metrics.js';
import { jobReport } from './job-report.js';
import type { JobResult } from './job-result.js';
import type { JobSettings } from './job-settings.js';
import type { JobState, JobStatus } from './job-state.js';
import { initialJobState, stepJob } from './job-transitions.js';
import { OffsetCommits } from './offset-commits.js';
import { type AttemptStart, Recovery } from './recovery.js';
import { RecoverySteps } from './recovery-steps.js';
import { ReportedValues } from './reported-values.js';

/**
 * Runs one job to its end: the shell around the job's transitions and the checkpoint coordinator. It carries
 * their effects out and tells them what came of it, and decides nothing itself. No record passes through it.
 */
export class JobManager {
  private readonly options: JobManagerOptions;
  private readonly job: JobDescription;
  private readonly recovery: Recovery;
  private readonly steps: RecoverySteps;
  private readonly metrics: JobMetrics;
  private readonly reported = new ReportedValues();
  private readonly offsetCommits: OffsetCommits;
  private readonly orders: CheckpointOrders;
  private readonly attempts: JobAttempts;
  private state: JobState = initialJobState;
  private attemptStart: AttemptStart | undefined;
  private isStopRequested = false;
  private hasInputEnded = false;
  private cancelRestart: CancelTimer = () => {};
  private readonly result: Promise<JobResult>;
  private resolveResult: (result: JobResult) => void = () => {};

  /** @throws MillraceError when the graph can't run. */
  constructor(graph: StreamGraph, options: JobManagerOptions) {
    this.options = options;
    this.job = describeJob(graph, options.settings);
    this.metrics = new JobMetrics(this.job.ends);
    this.result = new Promise((resolve) => {
      this.resolveResult = resolve;
    });
    this.offsetCommits = new OffsetCommits(this.job.sources, { log: options.log }, (message) =>
      options.logger.warn(message),
    );
    this.attempts = new JobAttempts({
      job: this.job,
      settings: options.settings,
      store: options.store,
      launcher: options.launcher,
      clock: options.clock,
      logger: options.logger,
      log: options.log,
      metrics: this.metrics,
      reported: this.reported,
      processStartedAtMs: options.processStartedAtMs,
      order: (order) => this.orders.carryOut(order),
      dispatch: (event) => this.dispatch(event),
    });
    this.orders = new CheckpointOrders({
      metrics: this.metrics,
      reported: this.reported,
      offsetCommits: this.offsetCommits,
      logger: options.logger,
      broadcast: (message) => this.attempts.broadcast(message),
      onAttemptFailed: (attempt, failure) => this.attempts.failed(attempt, failure),
      onLastCheckpoint: (attempt, hasInputEnded) => {
        this.hasInputEnded ||= hasInputEnded;
        this.dispatch({ kind: 'last-checkpoint-durable', attempt });
      },
      onOutcomeUnknown: (reason) => this.dispatch({ kind: 'outcome-unknown', reason }),
    });
    this.steps = new RecoverySteps(options.clock, (event) => this.dispatch(event));
    this.recovery = new Recovery({
      job: this.job,
      settings: options.settings,
      store: options.store,
      clock: options.clock,
      log: options.log,
      warn: (message) => options.logger.warn(message),
      beforeFirstRead: options.beforeFirstRead ?? (async () => {}),
    });
  }

  /** Resolves when the job has ended. */
  run(kind: 'first-start' | 'fresh-start'): Promise<JobResult> {
    this.dispatch({ kind: 'start', run: kind });
    return this.result;
  }

  /** One last checkpoint, then the end. */
  requestStop(): void {
    this.isStopRequested = true;
    this.dispatch({ kind: 'stop-requested' });
  }

  /** The end at once. */
  cancel(): void {
    this.dispatch({ kind: 'cancel-requested' });
  }

  get status(): JobStatus {
    return this.state.status;
  }

  get jobMetrics(): JobMetrics {
    return this.metrics;
  }

  /** As the TaskManagers last reported, each quarter of a second. */
  listMetrics(): readonly Metric[] {
    return listMetrics(jobReport(this.job, this.metrics, this.offsetCommits));
  }

  private dispatch(event: JobEvent): void {
    const { clock, random, settings } = this.options;
    const at = { monotonicMs: clock.monotonicMs(), randomFraction: random.next() };
    const step = stepJob(this.state, event, settings.restartStrategy, at);
    this.state = step.state;
    for (const effect of step.effects) this.perform(effect);
  }

  private perform(effect: JobEffect): void {
    switch (effect.kind) {
      case 'decide':
        this.options.launcher.prepare(this.options.settings.parallelism);
        this.steps.run(async () => {
          const decision = await this.recovery.decide(effect.run);
          this.hasInputEnded ||= decision.kind === 'finish';
          this.reported.settle('checkpoint' in decision ? decision.checkpoint.metadata : undefined);
          return { kind: 'decided', decision };
        });
        return;
      case 'settle':
        this.steps.run(async () => {
          await this.recovery.settle(effect.before);
          return { kind: 'settled' };
        });
        return;
      case 'record':
        this.steps.run(async () => {
          this.attemptStart = await this.recovery.record(effect.decision);
          return { kind: 'recorded' };
        });
        return;
      case 'deploy':
        this.deploy(effect.decision.attempt);
        return;
      case 'end-threads':
        void this.attempts.end(effect.attempt, effect.withinMs, effect.closeWithinMs);
        return;
      case 'schedule-restart':
        if (effect.notBegunBecause !== undefined) {
          const why = describeFailure(effect.notBegunBecause);
          this.options.logger.error(`The next attempt could not begin: ${why}`);
        }
        this.options.logger.info(`Restarting in ${Math.round(effect.afterMs)} ms.`);
        this.options.launcher.prepare(this.options.settings.parallelism);
        this.cancelRestart = this.options.clock.setTimer(effect.afterMs, () =>
          this.dispatch({ kind: 'restart-delay-elapsed' }),
        );
        return;
      case 'request-stop-checkpoint':
        this.attempts.requestStopCheckpoint();
        return;
      case 'exit':
        void this.exit(effect.code, effect.cause, effect.remark);
        return;
      case 'exit-process':
        this.options.exitProcess(effect.reason, effect.how);
        return;
    }
  }

  private deploy(attempt: ExecutionAttempt): void {
    const { attemptStart: start } = this;
    if (start === undefined) throw new Error(`Attempt ${attempt} is deployed before it is recorded.`);
    this.attempts.deploy(attempt, start);
  }

  private async exit(
    exitCode: 0 | 1,
    failure: Failure | undefined,
    remark: string | undefined,
  ): Promise<void> {
    this.cancelRestart();
    await this.steps.end();
    this.attempts.close();
    await this.options.launcher.endPrepared();
    await waitWithin(this.options.clock, offsetCommitEndTimeoutMs, this.offsetCommits.idle());
    await this.options.store.idle();
    const { lastTriggeredCheckpointId } = this.attempts;
    if (exitCode === 0 && lastTriggeredCheckpointId !== undefined) {
      await this.recovery.releaseCheckpointIds(lastTriggeredCheckpointId).catch((error: unknown) => {
        this.options.logger.warn(`The checkpoint ids not used could not be given back: ${String(error)}`);
      });
    }
    this.resolveResult({
      exitCode,
      outcome: this.outcomeOf(exitCode),
      ...(failure === undefined ? {} : { failure }),
      ...(remark === undefined ? {} : { remark }),
      totals: this.metrics.totals(),
      metrics: this.listMetrics(),
      collected: this.reported.delivered,
    });
  }

  private outcomeOf(exitCode: 0 | 1): JobResult['outcome'] {
    if (exitCode === 1) return 'failed';
    return this.isStopRequested && !this.hasInputEnded ? 'stopped' : 'finished';
  }
}

/** A commit takes milliseconds, and only informs people: a broker that is gone must not keep the process for it. */
const offsetCommitEndTimeoutMs = 5_000;

export interface JobManagerOptions {
  readonly settings: JobSettings;
  readonly store: CheckpointStore;
  readonly launcher: TaskManagerLauncher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The JobManager's own client of the log, opened on first use. */
  readonly log: () => Promise<LogClient>;
  /** Ends the process at once: what is on disk is unknown to it. */
  readonly exitProcess: (reason: string, how: ProcessExit) => void;
  /** Epoch ms, for the log: how soon after its start a killed job works again. */
  readonly processStartedAtMs?: number;
  /** Called when an attempt is recorded, before the start positions of a new line of checkpoints are durable. */
  readonly beforeFirstRead?: (isNew: boolean) => Promise<void>;
}
