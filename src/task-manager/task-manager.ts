import type { JobDefinition } from '../api/job.js';
import type { SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import { describeGraph } from '../graph/graph-description.js';
import { chainOperators, type JobGraph } from '../graph/job-graph.js';
import type { CancelTimer, Clock } from '../host/clock.js';
import type { EventLoop } from '../host/event-loop.js';
import type { LogClient } from '../log/log-port.js';
import { toFailure } from '../protocol/failures.js';
import type { CheckpointId, ExecutionAttempt, SlotIndex, SubtaskRef } from '../protocol/ids.js';
import type {
  FromTaskManager,
  SubtaskMetrics,
  TaskManagerDeployment,
  ToTaskManager,
} from '../protocol/messages.js';
import type { KeyedStateStore } from '../state/keyed-state-backend.js';
import type { ThreadChannelEnds } from './slot-channels.js';
import type { Subtask } from './subtask.js';
import { deploySubtasks } from './subtask-deployment.js';
import { defaultRecordsPerStepMax, TaskExecutor } from './task-executor.js';

/**
 * One slot of the job: builds the graph, runs subtask `slot` of every vertex, and speaks with the
 * JobManager. Invariants: it lives for one execution attempt and drops what is said to another; after its
 * first failure it does nothing more, and waits for its end.
 */
export class TaskManager {
  private readonly options: TaskManagerOptions;
  private phase: TaskManagerPhase = { kind: 'created' };
  private logClient: Promise<LogClient> | undefined;
  private stateStore: KeyedStateStore | undefined;
  private cancelMetricsTimer: CancelTimer | undefined;
  private hasProcessedRecord = false;

  constructor(options: TaskManagerOptions) {
    this.options = options;
  }

  /** Loads the job and tells its shape. */
  async start(): Promise<void> {
    this.scheduleMetrics();
    try {
      const job = await this.options.loadJob();
      const graph = job.buildGraph();
      if (this.phase.kind !== 'created') return;
      this.phase = { kind: 'graph-built', jobGraph: chainOperators(graph) };
      const { attempt, slot } = this.options;
      this.options.send({ kind: 'graph-built', attempt, slot, graphDescription: describeGraph(graph) });
    } catch (error) {
      this.fail(error);
    }
  }

  receive(message: ToTaskManager): void {
    if (message.attempt !== this.options.attempt || this.isOver) return;
    switch (message.kind) {
      case 'deploy':
        this.deploy(message.deployment).catch((error: unknown) => this.fail(error));
        return;
      case 'trigger-checkpoint':
        this.eachSubtask((subtask) => subtask.triggerCheckpoint(message.checkpointId, message.triggeredAtMs));
        return;
      case 'assign-splits':
        this.eachSubtask((subtask) => subtask.addSplits(message.assignment));
        return;
      case 'watermark-limited':
        this.eachSubtask((subtask) => subtask.limitWatermark(message.operatorUid, message.maxWatermark));
        return;
      case 'checkpoint-complete':
        this.eachSubtask((subtask) => subtask.notifyCheckpointComplete(message.checkpointId));
        return;
      case 'checkpoint-aborted':
        this.eachSubtask((subtask) => subtask.notifyCheckpointAborted(message.checkpointId));
        return;
      case 'shut-down':
        this.shutDown().catch((error: unknown) => this.fail(error));
        return;
    }
  }

  private async deploy(deployment: TaskManagerDeployment): Promise<void> {
    if (this.phase.kind !== 'graph-built') throw new Error(`Deployed while ${this.phase.kind}.`);
    const { jobGraph } = this.phase;
    this.phase = { kind: 'deploying' };
    this.stateStore = this.options.openState();
    const state = this.stateStore;
    const { attempt, slot, clock, eventLoop } = this.options;
    let executor: TaskExecutor | undefined;
    const subtasks = await deploySubtasks(jobGraph, deployment, {
      attempt,
      clock,
      state,
      channelEnds: this.options.channelEnds,
      log: () => this.openLogOnce(),
      wake: () => executor?.wake(),
      fail: (error) => this.fail(error),
      acknowledge: (subtask, checkpointId, snapshots) => this.acknowledge(subtask, checkpointId, snapshots),
      onFirstRecord: (atEpochMs) => this.noteFirstRecord(atEpochMs),
      onFinished: (subtask) => {
        // The job may end before the next regular report: the totals must be whole by then.
        this.sendMetrics();
        this.options.send({ kind: 'subtask-finished', attempt, subtask });
      },
      reportWatermark: (operatorUid, subtaskIndex, watermark) =>
        this.options.send({ kind: 'watermark-reported', attempt, operatorUid, subtaskIndex, watermark }),
      warn: (message) => this.options.send({ kind: 'warning', attempt, message }),
      report: (operatorUid, checkpointId, value) =>
        this.options.send({ kind: 'report', attempt, checkpointId, operatorUid, value }),
    });
    if (this.phase.kind !== 'deploying') return;
    executor = new TaskExecutor(subtasks, {
      clock,
      eventLoop,
      bufferTimeoutMs,
      recordsPerStepMax: this.options.recordsPerStepMax ?? defaultRecordsPerStepMax,
      onError: (error) => this.fail(error),
    });
    this.phase = { kind: 'running', subtasks, executor };
    this.options.send({ kind: 'running', attempt, slot });
    executor.wake();
  }

  /** At the orderly end: the last checkpoint is durable, so nothing that is closed now is still needed. */
  private async shutDown(): Promise<void> {
    if (this.phase.kind !== 'running') throw new Error(`Told to shut down while ${this.phase.kind}.`);
    const { subtasks, executor } = this.phase;
    // The last totals, also of a job that is stopped in the midst of its input.
    this.sendMetrics();
    this.phase = { kind: 'shutting-down' };
    executor.stop();
    await Promise.all(subtasks.map((subtask) => subtask.close()));
    // Closing a sink finishes its commits.
    this.report(metricsOf(subtasks, executor));
    await this.stateStore?.close();
    await (await this.logClient)?.close();
    this.cancelMetricsTimer?.();
    this.phase = { kind: 'closed' };
    const { attempt, slot } = this.options;
    this.options.send({ kind: 'shut-down-complete', attempt, slot });
  }

  private fail(error: unknown): void {
    if (this.isOver) return;
    if (this.phase.kind === 'running') this.phase.executor.stop();
    this.phase = { kind: 'failed' };
    this.cancelMetricsTimer?.();
    const { attempt, slot } = this.options;
    this.options.send({ kind: 'failed', attempt, slot, failure: toFailure(error) });
  }

  private acknowledge(
    subtask: SubtaskRef,
    checkpointId: CheckpointId,
    snapshots: readonly SubtaskSnapshot[],
  ): void {
    if (this.isOver) return;
    const { attempt } = this.options;
    this.options.send({ kind: 'checkpoint-acknowledged', attempt, checkpointId, subtask, snapshots });
  }

  private noteFirstRecord(atEpochMs: number): void {
    if (this.hasProcessedRecord) return;
    this.hasProcessedRecord = true;
    const { attempt, slot } = this.options;
    this.options.send({ kind: 'first-record-processed', attempt, slot, atEpochMs });
  }

  private get isOver(): boolean {
    return this.phase.kind === 'failed' || this.phase.kind === 'closed';
  }

  private openLogOnce(): Promise<LogClient> {
    this.logClient ??= this.options.openLog();
    return this.logClient;
  }

  private eachSubtask(action: (subtask: Subtask) => void): void {
    if (this.phase.kind !== 'running') return;
    for (const subtask of this.phase.subtasks) action(subtask);
  }

  private scheduleMetrics(): void {
    this.cancelMetricsTimer = this.options.clock.setTimer(metricsIntervalMs, () => {
      this.sendMetrics();
      this.scheduleMetrics();
    });
  }

  /** Before anything runs, and while it is closed, a sign of life alone. */
  private sendMetrics(): void {
    const { phase } = this;
    this.report(phase.kind === 'running' ? metricsOf(phase.subtasks, phase.executor) : []);
  }

  private report(subtasks: readonly SubtaskMetrics[]): void {
    const { attempt, slot } = this.options;
    this.options.send({ kind: 'metrics', attempt, slot, subtasks });
  }
}

function metricsOf(subtasks: readonly Subtask[], executor: TaskExecutor): SubtaskMetrics[] {
  return subtasks.map((subtask, index) => ({ ...subtask.metrics(), ...executor.timesOf(index) }));
}

/** Flink's default: the longest that a record waits in a buffer that does not fill. */
const bufferTimeoutMs = 100;
/** Also the heartbeat: several of them fit into the shortest sensible heartbeat time-out. */
const metricsIntervalMs = 250;

type TaskManagerPhase =
  | { readonly kind: 'created' }
  | { readonly kind: 'graph-built'; readonly jobGraph: JobGraph }
  | { readonly kind: 'deploying' }
  | { readonly kind: 'running'; readonly subtasks: readonly Subtask[]; readonly executor: TaskExecutor }
  | { readonly kind: 'shutting-down' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed' };

export interface TaskManagerOptions {
  readonly slot: SlotIndex;
  readonly attempt: ExecutionAttempt;
  readonly clock: Clock;
  readonly eventLoop: EventLoop;
  readonly loadJob: () => Promise<JobDefinition>;
  readonly openLog: () => Promise<LogClient>;
  readonly openState: () => KeyedStateStore;
  readonly channelEnds: ThreadChannelEnds;
  readonly send: (message: FromTaskManager) => void;
  /** The simulation sets a small one, so that few records meet many barriers. */
  readonly recordsPerStepMax?: number;
}
