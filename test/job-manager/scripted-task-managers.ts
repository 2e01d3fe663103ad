import type { Clock } from '../../src/host/clock.js';
import type {
  LaunchedTaskManagers,
  LaunchRequest,
  TaskManagerLauncher,
} from '../../src/host/task-manager-launcher.js';
import type { JobDescription } from '../../src/job-manager/job-description.js';
import type { CheckpointId, ExecutionAttempt, SlotIndex } from '../../src/protocol/ids.js';
import { slotIndex } from '../../src/protocol/ids.js';
import type { FromTaskManager, TaskManagerDeployment, ToTaskManager } from '../../src/protocol/messages.js';
import { subtasksOf } from './job-manager-fixtures.js';

/** What a scripted TaskManager does by itself. */
export interface Behaviour {
  /** In place of the job's own. */
  graphDescription?: string;
  /** Builds the graph, runs when it is deployed, acknowledges checkpoints and shuts down; else it says nothing. */
  isAlive?: boolean;
  acknowledges?: boolean;
  shutsDown?: boolean;
  /** A signal of life each so often. */
  heartbeatMs?: number;
}

/** TaskManagers that do what they should, unless the test says otherwise; each reply takes a millisecond. */
export class ScriptedTaskManagers implements TaskManagerLauncher {
  readonly attempts: ScriptedAttempt[] = [];
  /** For the slots of later attempts. */
  readonly behaviour: Behaviour = { heartbeatMs: 100 };
  launchError: Error | undefined;
  /** Threads that never end. */
  areStuck = false;
  prepared = 0;
  private readonly job: JobDescription;
  private readonly clock: Clock;

  constructor(job: JobDescription, clock: Clock) {
    this.job = job;
    this.clock = clock;
  }

  get current(): ScriptedAttempt {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error('Nothing is launched.');
    return attempt;
  }

  prepare(): void {
    this.prepared = 1;
  }

  async endPrepared(): Promise<void> {
    this.prepared = 0;
  }

  launch(request: LaunchRequest): LaunchedTaskManagers {
    const { launchError } = this;
    this.launchError = undefined;
    if (launchError !== undefined) throw launchError;
    this.prepared = 0;
    const attempt = new ScriptedAttempt(request, this.job, this.clock, { ...this.behaviour });
    this.attempts.push(attempt);
    return {
      send: (slot, message) => attempt.receive(slot, message),
      terminate: () => (this.areStuck ? new Promise(() => {}) : attempt.terminate()),
    };
  }
}

export class ScriptedAttempt {
  readonly attempt: ExecutionAttempt;
  readonly received: { readonly slot: SlotIndex; readonly message: ToTaskManager }[] = [];
  readonly deployments = new Map<SlotIndex, TaskManagerDeployment>();
  isTerminated = false;
  readonly behaviour: Behaviour;
  private readonly request: LaunchRequest;
  private readonly job: JobDescription;
  private readonly clock: Clock;

  constructor(request: LaunchRequest, job: JobDescription, clock: Clock, behaviour: Behaviour) {
    this.attempt = request.attempt;
    this.request = request;
    this.job = job;
    this.clock = clock;
    this.behaviour = behaviour;
    if (behaviour.isAlive === false) return;
    for (let index = 0; index < request.parallelism; index += 1) {
      const slot = slotIndex(index);
      const graphDescription = behaviour.graphDescription ?? job.graphText;
      this.later(() =>
        this.say(slot, { kind: 'graph-built', attempt: this.attempt, slot, graphDescription }),
      );
      this.beat(slot);
    }
  }

  /** From the TaskManager; also what it had posted before it ended. */
  say(slot: SlotIndex, message: FromTaskManager): void {
    this.request.onMessage(slot, message);
  }

  exit(slot: SlotIndex, message: string): void {
    this.request.onExit(slot, { domain: 'user-code', action: 'restart', name: 'Error', message });
  }

  fail(slot: SlotIndex, message: string, action: 'restart' | 'fail-job' = 'restart'): void {
    const failure = { domain: 'user-code', action, name: 'Error', message } as const;
    this.say(slot, { kind: 'failed', attempt: this.attempt, slot, failure });
  }

  finishInput(): void {
    for (const { slot } of this.slots()) {
      for (const subtask of subtasksOf(this.job, slot)) {
        this.say(slot, { kind: 'subtask-finished', attempt: this.attempt, subtask });
      }
    }
  }

  receive(slot: SlotIndex, message: ToTaskManager): void {
    if (this.isTerminated) return;
    this.received.push({ slot, message });
    if (this.behaviour.isAlive === false) return;
    this.later(() => this.reply(slot, message));
  }

  /** What slot 0 was told, in a word each. */
  get told(): string[] {
    return this.received
      .filter(({ slot }) => slot === 0)
      .map(({ message }) =>
        'checkpointId' in message ? `${message.kind} ${message.checkpointId}` : message.kind,
      );
  }

  acknowledge(slot: SlotIndex, checkpointId: CheckpointId): void {
    for (const subtask of subtasksOf(this.job, slot)) {
      this.say(slot, {
        kind: 'checkpoint-acknowledged',
        attempt: this.attempt,
        checkpointId,
        subtask,
        snapshots: [],
      });
    }
  }

  terminate(): Promise<void> {
    return new Promise((resolve) => {
      this.clock.setTimer(5, () => {
        this.isTerminated = true;
        resolve();
      });
    });
  }

  private reply(slot: SlotIndex, message: ToTaskManager): void {
    const { attempt, behaviour } = this;
    switch (message.kind) {
      case 'deploy':
        this.deployments.set(slot, message.deployment);
        this.say(slot, { kind: 'running', attempt, slot });
        return;
      case 'trigger-checkpoint':
        if (behaviour.acknowledges !== false) this.acknowledge(slot, message.checkpointId);
        return;
      case 'shut-down':
        if (behaviour.shutsDown !== false) this.say(slot, { kind: 'shut-down-complete', attempt, slot });
        return;
      case 'checkpoint-complete':
      case 'checkpoint-aborted':
        return;
    }
  }

  private slots(): readonly { readonly slot: SlotIndex }[] {
    return Array.from({ length: this.request.parallelism }, (_, index) => ({ slot: slotIndex(index) }));
  }

  private beat(slot: SlotIndex): void {
    const { heartbeatMs } = this.behaviour;
    if (heartbeatMs === undefined || this.isTerminated) return;
    this.clock.setTimer(heartbeatMs, () => {
      // Looked at again: the test may have silenced it.
      if (this.isTerminated || this.behaviour.heartbeatMs === undefined) return;
      this.say(slot, { kind: 'metrics', attempt: this.attempt, slot, subtasks: [] });
      this.beat(slot);
    });
  }

  private later(action: () => void): void {
    this.clock.setTimer(1, () => {
      if (!this.isTerminated) action();
    });
  }
}
