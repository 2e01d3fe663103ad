import { firstDifference } from '../graph/graph-description.js';
import type { CancelTimer, Clock } from '../host/clock.js';
import type { LaunchedTaskManagers, TaskManagerLauncher } from '../host/task-manager-launcher.js';
import { waitWithin } from '../host/wait-within.js';
import type { LogClient } from '../log/log-port.js';
import { type Failure, MillraceError, toFailure } from '../protocol/failures.js';
import {
  type ExecutionAttempt,
  type OperatorUid,
  type SlotIndex,
  type SubtaskIndex,
  slotIndex,
} from '../protocol/ids.js';
import type { FromTaskManager, TaskManagerDeployment, ToTaskManager } from '../protocol/messages.js';
import type { JobDescription } from './job-description.js';
import type { JobSettings } from './job-settings.js';
import { SplitDiscovery } from './split-discovery.js';
import { checkLiveness, heard, startLiveness, type TaskManagerLiveness } from './task-manager-liveness.js';
import { WatermarkAligner } from './watermark-aligner.js';

/**
 * The TaskManagers of one execution attempt: starts them, gives each its deployment once it has built the
 * same graph, watches over them, and ends them. Invariant: after `end` was called nothing of the attempt is
 * reported any more; and `end` resolves only when each thread is gone.
 */
export class AttemptExecution {
  readonly attempt: ExecutionAttempt;
  private readonly options: AttemptExecutionOptions;
  private readonly threads: LaunchedTaskManagers;
  private readonly running = new Set<SlotIndex>();
  /** A subtask with little to do may be finished before the slowest slot runs, and checkpoints begin. */
  private readonly finishedEarly: { readonly slot: SlotIndex; readonly message: TaskManagerReport }[] = [];
  private readonly aligner: WatermarkAligner;
  private splitDiscovery: SplitDiscovery | undefined;
  private liveness: TaskManagerLiveness;
  private cancelTimer: CancelTimer | undefined;
  /** The slots that have not closed yet, once they are told to. */
  private closing: { readonly slots: Set<SlotIndex>; readonly onDone: () => void } | undefined;
  private isOver = false;

  constructor(options: AttemptExecutionOptions) {
    this.options = options;
    this.attempt = options.attempt;
    this.aligner = new WatermarkAligner(options.job.sources);
    const { clock, settings, job } = options;
    const slots = options.deployments.map((deployment) => deployment.slot);
    this.liveness = startLiveness(settings.liveness, slots, clock.monotonicMs());
    this.threads = options.launcher.launch({
      attempt: options.attempt,
      parallelism: settings.parallelism,
      maxParallelism: settings.maxParallelism,
      channels: job.threadChannels,
      onMessage: (slot, message) => this.onMessage(slot, message),
      onExit: (slot, failure) => this.onExit(slot, failure),
    });
    this.scheduleLivenessCheck();
  }

  broadcast(message: ToTaskManager): void {
    for (const { slot } of this.options.deployments) this.threads.send(slot, message);
  }

  /** Lets every TaskManager close what it holds; resolves when all have, or have failed, or the time is over. */
  async close(withinMs: number): Promise<void> {
    this.splitDiscovery?.close();
    const slots = new Set(this.options.deployments.map(({ slot }) => slot));
    const allClosed = new Promise<void>((resolve) => {
      this.closing = { slots, onDone: resolve };
    });
    this.broadcast({ kind: 'shut-down', attempt: this.attempt });
    if (await waitWithin(this.options.clock, withinMs, allClosed)) return;
    this.options.tell(
      `TaskManager ${[...slots].join(', ')} did not close within ${withinMs} ms and is ended as it is. Look for a close() that waits for something.`,
    );
  }

  /** Ends every thread. False when one did not end within the time given, or nobody knows. */
  async end(withinMs: number): Promise<boolean> {
    this.isOver = true;
    this.cancelTimer?.();
    this.splitDiscovery?.close();
    try {
      return await waitWithin(this.options.clock, withinMs, this.threads.terminate());
    } catch {
      return false;
    }
  }

  private onMessage(slot: SlotIndex, message: FromTaskManager): void {
    if (this.isOver || message.attempt !== this.attempt) return;
    const nowMs = this.options.clock.monotonicMs();
    this.liveness = heard(this.liveness, slot, nowMs, message.kind === 'metrics');
    switch (message.kind) {
      case 'graph-built':
        this.deploy(slot, message.graphDescription);
        return;
      case 'running':
        this.running.add(slot);
        if (this.areAllRunning) this.onAllRunning();
        return;
      case 'failed':
        this.closed(slot);
        this.options.onFailure(message.failure);
        return;
      case 'shut-down-complete':
        this.closed(slot);
        return;
      case 'watermark-reported':
        this.limitWatermark(slot, message.operatorUid, message.subtaskIndex, message.watermark);
        return;
      case 'subtask-finished':
        if (this.areAllRunning) this.options.onMessage(slot, message);
        else this.finishedEarly.push({ slot, message });
        return;
      case 'first-record-processed':
      case 'checkpoint-acknowledged':
      case 'metrics':
      case 'report':
      case 'warning':
        this.options.onMessage(slot, message);
        return;
    }
  }

  private limitWatermark(
    slot: SlotIndex,
    operatorUid: OperatorUid,
    subtask: SubtaskIndex,
    watermark: number,
  ): void {
    const maxWatermark = this.aligner.report(operatorUid, subtask, watermark);
    this.threads.send(slot, {
      kind: 'watermark-limited',
      attempt: this.attempt,
      operatorUid,
      maxWatermark,
    });
  }

  private get areAllRunning(): boolean {
    return this.running.size === this.options.deployments.length;
  }

  private onAllRunning(): void {
    this.options.onAllRunning();
    this.discoverSplits();
    for (const { slot, message } of this.finishedEarly.splice(0)) this.options.onMessage(slot, message);
  }

  private discoverSplits(): void {
    const { attempt } = this;
    const { clock, deployments, job, log, tell, settings, onFailure } = this.options;
    const assignments = deployments.flatMap((deployment) => deployment.splits);
    this.splitDiscovery = new SplitDiscovery({
      sources: job.sources,
      parallelism: settings.parallelism,
      clock,
      log,
      tell,
      fail: onFailure,
      assigned: (uid) =>
        assignments.filter((each) => each.operatorUid === uid).flatMap((each) => each.splits),
      assign: (subtask, operatorUid, splits) => {
        const assignment = { operatorUid, splits };
        this.threads.send(slotIndex(subtask), { kind: 'assign-splits', attempt, assignment });
      },
    });
  }

  private deploy(slot: SlotIndex, graphDescription: string): void {
    const { job, attempt } = this.options;
    if (graphDescription !== job.graphText) {
      const difference = firstDifference(job.graphText, graphDescription);
      this.options.onFailure(
        toFailure(
          new MillraceError(
            `The job module builds a different graph each time: ${difference}. Build it from constants alone, not from a clock, random numbers or what differs between threads.`,
            { domain: 'user-code', action: 'fail-job' },
          ),
        ),
      );
      return;
    }
    const deployment = this.options.deployments.find((each) => each.slot === slot);
    if (deployment !== undefined) this.threads.send(slot, { kind: 'deploy', attempt, deployment });
  }

  private onExit(slot: SlotIndex, cause: Failure): void {
    if (this.isOver) return;
    this.closed(slot);
    this.options.onFailure({
      domain: 'user-code',
      action: 'restart',
      name: 'MillraceError',
      message: `TaskManager ${slot} ended unexpectedly: a function of the job threw where nobody could catch it (in a timer or a promise), called process.exit, or took more memory than its thread may have.`,
      cause,
    });
  }

  private closed(slot: SlotIndex): void {
    this.closing?.slots.delete(slot);
    if (this.closing?.slots.size === 0) this.closing.onDone();
  }

  private scheduleLivenessCheck(): void {
    const { clock, settings } = this.options;
    this.cancelTimer = clock.setTimer(settings.liveness.heartbeatIntervalMs, () => {
      this.scheduleLivenessCheck();
      const check = checkLiveness(this.liveness, clock.monotonicMs());
      this.liveness = check.liveness;
      const [first] = check.suspected;
      if (first !== undefined) this.onSilent(first.slot, first.silentForMs);
    });
  }

  private onSilent(slot: SlotIndex, silentForMs: number): void {
    this.options.onFailure({
      domain: 'user-code',
      action: 'restart',
      name: 'MillraceError',
      message: `TaskManager ${slot} has given no sign of life for ${Math.round(silentForMs)} ms: a function of the job blocks its thread (an endless loop?), or the machine is overloaded.`,
    });
  }
}

/** What the JobManager itself answers to. */
export type TaskManagerReport = Exclude<
  FromTaskManager,
  { readonly kind: 'graph-built' | 'running' | 'watermark-reported' | 'failed' | 'shut-down-complete' }
>;

export interface AttemptExecutionOptions {
  readonly attempt: ExecutionAttempt;
  readonly job: JobDescription;
  readonly settings: JobSettings;
  readonly deployments: readonly TaskManagerDeployment[];
  readonly launcher: TaskManagerLauncher;
  readonly clock: Clock;
  readonly log: () => Promise<LogClient>;
  /** Tells people of something that stops nothing. */
  readonly tell: (message: string) => void;
  readonly onAllRunning: () => void;
  readonly onFailure: (failure: Failure) => void;
  readonly onMessage: (slot: SlotIndex, message: TaskManagerReport) => void;
}
