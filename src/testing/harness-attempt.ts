import type { OpaqueHandle, SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { StreamGraph } from '../graph/stream-graph.js';
import type { Clock } from '../host/clock.js';
import { nodeRandom } from '../host/node-random.js';
import { describeJob, type JobDescription } from '../job-manager/job-description.js';
import { planDeployments } from '../job-manager/slot-deployments.js';
import { type CheckpointId, checkpointId, executionAttempt } from '../protocol/ids.js';
import type { TaskManagerDeployment } from '../protocol/messages.js';
import { CachedKeyedStateStore } from '../state/cached-keyed-state-store.js';
import { InMemoryStateBases, SimulatedStateDisk } from '../state/in-memory-state-bases.js';
import type { KeyedStateHandle } from '../state/keyed-state-backend.js';
import type { Subtask } from '../task-manager/subtask.js';
import { deploySubtasks } from '../task-manager/subtask-deployment.js';
import { defaultRecordsPerStepMax } from '../task-manager/task-executor.js';
import { type HarnessSnapshot, snapshotOf, withEarliestTimes } from './harness-snapshot.js';
import { KeyedStateCopy } from './keyed-state-copy.js';
import { MemoryFiles } from './memory-files.js';
import { PushedInput } from './pushed-input.js';
import { SlotPorts } from './slot-ports.js';

/**
 * One execution of the streams under test: the subtasks of all slots, as they are deployed in a job, in this
 * one thread. Only the sources' inputs, the threads between the slots and the JobManager are replaced.
 */
export class HarnessAttempt {
  private readonly options: HarnessAttemptOptions;
  private readonly job: JobDescription;
  private readonly ports: SlotPorts;
  private readonly slots: SlotStorage[];
  private readonly subtasks: Subtask[] = [];
  private readonly inputs = new Map<string, PushedInput<unknown>[]>();
  private readonly acknowledged = new Map<Subtask, readonly SubtaskSnapshot[]>();
  private failure: { readonly error: unknown } | undefined;
  private isOver = false;

  private constructor(options: HarnessAttemptOptions) {
    this.options = options;
    this.job = describeJob(options.buildGraph(), options);
    this.ports = new SlotPorts(this.job.threadChannels);
    this.slots = Array.from({ length: options.parallelism }, () => new SlotStorage(options.storageClock));
  }

  static async open(options: HarnessAttemptOptions): Promise<HarnessAttempt> {
    const attempt = new HarnessAttempt(options);
    await attempt.deploy();
    attempt.work();
    return attempt;
  }

  /** By subtask. @throws when there is no source of that uid. */
  inputsOf(sourceUid: string): readonly PushedInput<unknown>[] {
    const inputs = this.inputs.get(sourceUid);
    if (inputs !== undefined) return inputs;
    const known = [...this.inputs.keys()].map((uid) => `"${uid}"`).join(', ');
    throw new Error(`The job has no source with the uid "${sourceUid}"; it has ${known}.`);
  }

  /** Gives the subtasks turns, downstream ones first, until none has anything to do. */
  work(): void {
    if (this.isOver) return;
    this.throwFailure();
    try {
      let quietRounds = 0;
      // A quiet round flushes: what lay in open buffers within a slot makes work only for the next one.
      for (let round = 0; quietRounds < 2; round += 1) {
        if (round === roundsMax) throw new Error(`The streams under test do not come to rest.`);
        quietRounds = this.runRound() ? 0 : quietRounds + 1;
      }
    } catch (error) {
      this.failure ??= { error };
    }
    this.throwFailure();
  }

  /** Takes a checkpoint: its barriers flow from the sources through all subtasks. */
  async checkpoint(id: CheckpointId, settle: Settle): Promise<HarnessSnapshot> {
    this.acknowledged.clear();
    for (const subtask of this.subtasks) subtask.triggerCheckpoint(id, 0);
    await settle(() => {
      this.work();
      return this.acknowledged.size === this.subtasks.length;
    }, `Checkpoint ${id} does not complete: a subtask has not taken its part`);
    const subtasks = [...this.acknowledged.values()].flat();
    const keyedStates = await this.copyKeyedStates(subtasks);
    for (const subtask of this.subtasks) subtask.notifyCheckpointComplete(id);
    this.work();
    return snapshotOf(id, this.job, subtasks, keyedStates);
  }

  get numLateRecordsDropped(): number {
    return this.subtasks.reduce((sum, subtask) => sum + subtask.metrics().numLateRecordsDropped, 0);
  }

  /** As `kill` would end it: no function is told. */
  abandon(): void {
    this.isOver = true;
  }

  async close(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.subtasks.map((subtask) => subtask.close()));
    await Promise.all(this.slots.map(({ store }) => store.close()));
  }

  private async deploy(): Promise<void> {
    const { restored, parallelism } = this.options;
    const subtasks = restored === undefined ? [] : await this.restoreSubtasks(restored);
    const { deployments } = planDeployments(this.job, {
      formatVersion: 1,
      ...this.job.checkpointed,
      parallelism: restored?.parallelism ?? parallelism,
      checkpointId: restored?.checkpointId ?? checkpointId(0),
      attempt: executionAttempt(this.options.attempt),
      completedAtMs: 0,
      isFinal: false,
      subtasks,
    });
    for (const deployment of deployments) this.subtasks.push(...(await this.deploySlot(deployment)));
  }

  private async deploySlot(deployment: TaskManagerDeployment): Promise<Subtask[]> {
    const { clock, attempt } = this.options;
    // As each thread does, so that subtasks share no function's fields.
    const { jobGraph } = describeJob(this.options.buildGraph(), this.options);
    const subtasks: Subtask[] = await deploySubtasks(jobGraph, deployment, {
      attempt: executionAttempt(attempt),
      clock,
      state: this.slots[deployment.slot]!.store,
      channelEnds: this.ports.ends,
      log: () => Promise.reject(new Error('The harness has no log.')),
      wake: () => {},
      fail: (error) => {
        this.failure ??= { error };
      },
      acknowledge: (ref, _id, snapshots) => {
        const subtask = subtasks.find((each) => each.ref.vertexId === ref.vertexId);
        if (subtask !== undefined) this.acknowledged.set(subtask, snapshots);
      },
      onFirstRecord: () => {},
      onFinished: () => {},
      report: () => {},
      warn: () => {},
      // What a test pushes waits for nobody.
      reportWatermark: () => {},
      replaceSource: (node, { output, availability, takeCheckpoint }) => {
        const input = new PushedInput<unknown>(output, availability, takeCheckpoint);
        this.inputs.set(node.uid, [...(this.inputs.get(node.uid) ?? []), input]);
        return input;
      },
    });
    return subtasks;
  }

  private async restoreSubtasks(restored: HarnessSnapshot): Promise<SubtaskSnapshot[]> {
    const { maxParallelism } = this.options;
    const { checkpointId, keyedStates } = restored;
    const parts = withEarliestTimes(restored, this.job, this.options.parallelism);
    // As it comes back from the checkpoint's metadata.
    const snapshots = JSON.parse(JSON.stringify(parts)) as SubtaskSnapshot[];
    return Promise.all(
      snapshots.map(async ({ operatorUid, subtaskIndex, snapshot }) => {
        const state = keyedStates.get(operatorUid);
        const parallelism = this.job.subtasksOf(operatorUid, this.options.parallelism);
        if (state === undefined || subtaskIndex >= parallelism)
          return { operatorUid, subtaskIndex, snapshot };
        const storeId = nodeRandom.uuid();
        const part = { operatorUid, checkpointId, subtaskIndex, parallelism, maxParallelism, storeId };
        const handle = await state.writeTo(this.slots[subtaskIndex]!.bases, part);
        const keyedState = handle as unknown as OpaqueHandle;
        return { operatorUid, subtaskIndex, snapshot: { ...snapshot, keyedState } };
      }),
    );
  }

  private async copyKeyedStates(
    subtasks: readonly SubtaskSnapshot[],
  ): Promise<ReadonlyMap<string, KeyedStateCopy>> {
    const copies = new Map<string, KeyedStateCopy>();
    for (const { operatorUid, subtaskIndex, snapshot } of subtasks) {
      if (snapshot.keyedState === undefined) continue;
      const { bases, files } = this.slots[subtaskIndex]!;
      const copy = copies.get(operatorUid) ?? new KeyedStateCopy();
      copies.set(operatorUid, copy);
      await copy.add(snapshot.keyedState as unknown as KeyedStateHandle, bases, files, segmentFolder);
    }
    return copies;
  }

  private runRound(): boolean {
    let anyWorked = this.ports.deliver();
    for (const subtask of this.subtasks) {
      const result = subtask.step(defaultRecordsPerStepMax);
      if (result === 'worked') anyWorked = true;
      else if (result === 'idle') subtask.flush();
    }
    // What was flushed by the last of them is delivered in the next round.
    return this.ports.deliver() || anyWorked;
  }

  private throwFailure(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }
}

export interface HarnessAttemptOptions {
  readonly buildGraph: () => StreamGraph;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly attempt: number;
  readonly restored: HarnessSnapshot | undefined;
  /** What the operators see. */
  readonly clock: Clock;
  /** What the state's files and merges see: they take no time of the operators'. */
  readonly storageClock: Clock;
}

/** Lets promises and timers of the storage go on until `done`; @throws with `otherwise` when nothing is left that could happen. */
export type Settle = (done: () => boolean, otherwise: string) => Promise<void>;

class SlotStorage {
  readonly files = new MemoryFiles();
  readonly bases: InMemoryStateBases;
  readonly store: CachedKeyedStateStore;

  constructor(clock: Clock) {
    const { files } = this;
    this.bases = new InMemoryStateBases(new SimulatedStateDisk(), clock);
    this.store = new CachedKeyedStateStore({
      bases: this.bases,
      files,
      segmentFolder,
      clock,
      random: nodeRandom,
    });
  }
}

const segmentFolder = 'segments';
/** Far more than one step of a test sets off: each round does hundreds of elements a subtask. */
const roundsMax = 1_000_000;
