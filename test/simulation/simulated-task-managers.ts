import type { JobDefinition } from '../../src/api/job.js';
import { BufferInputChannel, BufferOutputChannel } from '../../src/exchange/buffer-channel.js';
import type { BufferPort } from '../../src/exchange/buffer-port.js';
import type {
  LaunchedTaskManagers,
  LaunchRequest,
  TaskManagerLauncher,
} from '../../src/host/task-manager-launcher.js';
import { type Failure, toFailure } from '../../src/protocol/failures.js';
import { type SlotIndex, slotIndex } from '../../src/protocol/ids.js';
import type { FromTaskManager, ToTaskManager } from '../../src/protocol/messages.js';
import type { ThreadChannelEnds } from '../../src/task-manager/slot-channels.js';
import { TaskManager } from '../../src/task-manager/task-manager.js';
import type { ThreadFate } from './fault-injector.js';
import { connectBufferPorts } from './simulated-buffer-ports.js';
import { SimulatedLink } from './simulated-link.js';
import { SimulatedProcess } from './simulated-process.js';
import type { SimulatedRandom } from './simulated-random.js';
import type { SimulatedWorld } from './simulated-world.js';

/** TaskManagers as objects in this one thread, as cut off from each other as threads are. */
export class SimulatedTaskManagers implements TaskManagerLauncher {
  private readonly world: SimulatedWorld;
  private readonly main: SimulatedProcess;
  private readonly job: JobDefinition;
  private readonly random: SimulatedRandom;
  private threads: SimulatedThread[] = [];

  constructor(world: SimulatedWorld, main: SimulatedProcess, job: JobDefinition) {
    this.world = world;
    this.main = main;
    this.job = job;
    this.random = world.random.fork();
    main.onDeath(() => {
      for (const thread of this.threads) thread.end();
    });
  }

  /** Threads start at once here: there is nothing to do ahead. */
  prepare(): void {}

  async endPrepared(): Promise<void> {}

  launch(request: LaunchRequest): LaunchedTaskManagers {
    let launched: SimulatedThread[] = [];
    this.main.perform(`launch attempt ${request.attempt}`, () => {
      this.world.invariants.onLaunch(request.attempt, this.threads);
      launched = this.startThreads(request);
    });
    this.threads = launched;
    return {
      send: (slot, message) => launched[slot]?.send(message),
      terminate: () => this.terminate(launched),
    };
  }

  /** Hits the thread that is about to have an effect, or else that of `slot`. */
  strikeThread(preferred: SimulatedProcess | undefined, slot: number, fate: ThreadFate): void {
    const thread = this.threads.find((each) => each.process === preferred) ?? this.threads[slot];
    if (thread === undefined || !thread.process.isAlive) return;
    thread.end();
    if (fate.kind === 'crash') thread.tellExit(fate.failure);
    if (fate.kind === 'stuck') thread.isStuck = true;
  }

  private startThreads(request: LaunchRequest): SimulatedThread[] {
    const threads = Array.from(
      { length: request.parallelism },
      (_, slot) => new SimulatedThread(this.world, this.main, request, slotIndex(slot)),
    );
    const { channelDelayMsMax } = this.world.scenario;
    for (const { index, fromSlot, toSlot } of request.channels) {
      const [from, to] = [threads[fromSlot], threads[toSlot]];
      if (from === undefined || to === undefined) throw new Error(`Channel ${index} leads nowhere.`);
      const ends = connectBufferPorts(
        this.world,
        `channel ${index}`,
        from.process,
        to.process,
        channelDelayMsMax,
      );
      from.upstreamEnds.set(index, ends.upstream);
      to.downstreamEnds.set(index, ends.downstream);
    }
    for (const thread of threads) {
      this.world.afterMs(this.random.next() * threadStartMsMax, () => thread.start(this.job));
    }
    return threads;
  }

  private async terminate(threads: readonly SimulatedThread[]): Promise<void> {
    await Promise.all(
      threads.map(
        (thread) =>
          new Promise<void>((resolve) => {
            this.main.setTimer(this.random.next() * this.random.pick(threadEndMsMax), () => {
              thread.end();
              if (!thread.isStuck) resolve();
            });
          }),
      ),
    );
    for (const thread of threads) thread.cut();
  }
}

/** One TaskManager's thread and its control port. */
export class SimulatedThread {
  readonly process: SimulatedProcess;
  /** Nobody can say that it has ended, so its `terminate` never resolves. */
  isStuck = false;
  readonly upstreamEnds = new Map<number, BufferPort>();
  readonly downstreamEnds = new Map<number, BufferPort>();
  private readonly world: SimulatedWorld;
  private readonly main: SimulatedProcess;
  private readonly request: LaunchRequest;
  private readonly slot: SlotIndex;
  private readonly toThread: SimulatedLink<ToTaskManager>;
  private readonly toMain: SimulatedLink<FromTaskManager>;
  private readonly early: ToTaskManager[] = [];
  private taskManager: TaskManager | undefined;
  private isCut = false;

  constructor(world: SimulatedWorld, main: SimulatedProcess, request: LaunchRequest, slot: SlotIndex) {
    this.world = world;
    this.main = main;
    this.request = request;
    this.slot = slot;
    this.process = new SimulatedProcess(world, `attempt ${request.attempt} slot ${slot}`, (error) => {
      this.end();
      this.tellExit(toFailure(error, 'internal'));
    });
    const { controlDelayMsMax, turnMsMaxBySlot, msPerLookBySlot } = world.scenario;
    this.process.turnMsMax = turnMsMaxBySlot[slot] ?? this.process.turnMsMax;
    this.process.msPerLook = msPerLookBySlot[slot] ?? 0;
    this.toThread = new SimulatedLink(world, controlDelayMsMax, (message) => this.receive(message));
    this.toMain = new SimulatedLink(world, controlDelayMsMax, (message) => {
      main.run(() => request.onMessage(slot, message));
    });
    const storage = world.slots[slot];
    this.process.onDeath(() => storage?.crash());
  }

  start(job: JobDefinition): void {
    if (!this.process.isAlive) return;
    const { request, slot, process, world } = this;
    const taskManager = new TaskManager({
      slot,
      attempt: request.attempt,
      clock: process,
      eventLoop: process,
      loadJob: async () => job,
      openLog: async () => world.log.openClient(process),
      openState: () => world.slots[slot]!.open(process, slot),
      channelEnds: this.channelEnds(),
      recordsPerStepMax: world.scenario.recordsPerStepMax,
      send: (message) => this.sendToMain(message),
    });
    this.taskManager = taskManager;
    process.run(() => void taskManager.start());
    for (const message of this.early.splice(0)) this.receive(message);
  }

  /** From the JobManager. */
  send(message: ToTaskManager): void {
    this.main.perform(`control ${describe(message)} to slot ${this.slot}`, () => {
      this.world.invariants.onControlMessage(message);
      this.toThread.post(message);
    });
  }

  /** The thread is gone, at once. What it had posted still arrives. */
  end(): void {
    this.process.kill();
  }

  /** Its port is closed: nothing of it is heard any more. */
  cut(): void {
    this.isCut = true;
    this.toMain.cut();
  }

  tellExit(failure: Failure): void {
    this.main.setTimer(exitNoticeMs, () => {
      if (!this.isCut) this.request.onExit(this.slot, failure);
    });
  }

  private sendToMain(message: FromTaskManager): void {
    // Heartbeats change nothing; as strikes' moments they would only be in the way.
    if (message.kind === 'metrics') {
      if (this.process.isAlive) this.toMain.post(message);
      return;
    }
    this.process.perform(`control ${describe(message)}`, () => {
      this.toMain.post(message);
      if (message.kind === 'failed') this.world.invariants.onAttemptFailure(message.failure);
    });
    // Its run has ended, and the thread with it.
    if (message.kind === 'shut-down-complete') this.end();
  }

  private receive(message: ToTaskManager): void {
    if (!this.process.isAlive) return;
    const { taskManager } = this;
    if (taskManager === undefined) this.early.push(message);
    else this.process.run(() => taskManager.receive(message));
  }

  private channelEnds(): ThreadChannelEnds {
    const portOf = (ends: ReadonlyMap<number, BufferPort>, index: number): BufferPort => {
      const port = ends.get(index);
      if (port === undefined) throw new Error(`Slot ${this.slot} has no such end of channel ${index}.`);
      return port;
    };
    return {
      openOutput: (index, settings) => new BufferOutputChannel(portOf(this.upstreamEnds, index), settings),
      openInput: (index, name, listener, decoder) =>
        new BufferInputChannel(portOf(this.downstreamEnds, index), name, listener, decoder),
    };
  }
}

function describe(message: ToTaskManager | FromTaskManager): string {
  switch (message.kind) {
    case 'trigger-checkpoint':
    case 'checkpoint-complete':
    case 'checkpoint-aborted':
    case 'checkpoint-acknowledged':
      return `${message.kind} ${message.checkpointId}`;
    case 'failed':
      return `${message.kind} ${message.failure.message}`;
    default:
      return message.kind;
  }
}

const threadStartMsMax = 40;
/** A thread inside a native call ends when that returns. */
const threadEndMsMax = [20, 20, 20, 400] as const;
const exitNoticeMs = 1;
