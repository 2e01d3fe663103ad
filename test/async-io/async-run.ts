import type { DataStream } from '../../src/api/data-stream.js';
import type { SubtaskSnapshot } from '../../src/checkpoint/checkpoint-metadata.js';
import type { Clock } from '../../src/host/clock.js';
import { nodeEventLoop } from '../../src/host/node-event-loop.js';
import { checkpointId, executionAttempt } from '../../src/protocol/ids.js';
import { CachedKeyedStateStore } from '../../src/state/cached-keyed-state-store.js';
import { InMemoryStateBases, SimulatedStateDisk } from '../../src/state/in-memory-state-bases.js';
import type { Arrival } from '../../src/testing/pushed-input.js';
import type { SimulatedProcessClock } from '../../src/testing/simulated-clock.js';
import { SimulatedClock } from '../../src/testing/simulated-clock.js';
import { type CrashPoint, placesOf } from '../operators/crash-point.js';
import { type Emitted, type OutputSize, valuesOf } from '../operators/one-slot-edge.js';
import { OperatorSubtask, type OperatorSubtaskOptions } from '../operators/operator-subtask.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { untilSettled } from '../simulation/until-settled.js';

/**
 * An asynchronous operator in virtual time, over any number of crashes. Unlike the harness of the other
 * operators it knows that a subtask may be blocked although its output has room: all capacity is in use.
 */
export class AsyncRun<In> {
  private readonly describe: (input: DataStream<In>, clock: Clock) => void;
  private readonly outputSize: OutputSize;
  private readonly originOf: OperatorSubtaskOptions['originOf'];
  private readonly random = new SimulatedRandom(1);
  private readonly clock = new SimulatedClock(this.random);
  /** Disks take their own time, so that a checkpoint changes nothing in what the operator sees. */
  private readonly diskClock = new SimulatedClock(this.random);
  private readonly disk = new SimulatedDisk(this.random);
  private readonly stateDisk = new SimulatedStateDisk();
  private processes: readonly SimulatedProcessClock[] = [];
  private operators: OperatorSubtask<In> | undefined;
  private attempt = 0;
  private readonly emittedEarlier: Emitted[] = [];
  private readonly arrivals: Arrival<In>[] = [];
  private hasEnded = false;

  constructor(
    describe: (input: DataStream<In>, clock: Clock) => void,
    outputSize: OutputSize = 'unbounded',
    originOf?: OperatorSubtaskOptions['originOf'],
  ) {
    this.describe = describe;
    this.outputSize = outputSize;
    this.originOf = originOf;
  }

  /** What left the operator, in its order; after a crash, what had left before the restored checkpoint and what came since. */
  get emitted(): readonly Emitted[] {
    return [...this.emittedEarlier, ...this.current.output.emitted];
  }

  get records(): readonly unknown[] {
    return valuesOf(this.emitted);
  }

  /** Where what left the operator comes from, since the last crash. */
  get origins(): readonly string[] {
    return this.current.output.origins;
  }

  get failures(): readonly unknown[] {
    return this.current.failures;
  }

  nowMs(): number {
    return this.clock.monotonicMs();
  }

  async begin(restored: readonly SubtaskSnapshot[] = []): Promise<void> {
    this.attempt += 1;
    const process = this.clock.process();
    const diskClock = this.diskClock.process();
    this.processes = [process, diskClock];
    const opened = OperatorSubtask.open<In>((input) => this.describe(input, process), {
      clock: process,
      state: new CachedKeyedStateStore({
        bases: new InMemoryStateBases(this.stateDisk, diskClock),
        files: this.disk.open(diskClock),
        segmentFolder: 'segments',
        clock: diskClock,
        random: this.random,
      }),
      attempt: executionAttempt(this.attempt),
      // As it comes back from the checkpoint's metadata.
      restored: JSON.parse(JSON.stringify(restored)) as SubtaskSnapshot[],
      outputSize: this.outputSize,
      originOf: this.originOf,
    });
    this.operators = await untilSettled(this.diskClock, opened);
  }

  async offer(...arrivals: readonly Arrival<In>[]): Promise<void> {
    for (const arrival of arrivals) {
      this.arrivals.push(arrival);
      this.current.offer(arrival);
    }
    await this.advance(0);
  }

  endInput(): void {
    this.hasEnded = true;
    this.current.endInput();
    this.work();
  }

  /** Lets virtual time pass; the subtask has its turn after everything that happens. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + ms;
    do {
      this.work();
      await new Promise<void>((resolve) => nodeEventLoop.nextTurn(resolve));
      this.work();
    } while (await this.clock.step(untilMs));
    await this.clock.advance(untilMs - this.clock.monotonicMs());
  }

  async checkpoint(id: number): Promise<AsyncCheckpoint> {
    const { current } = this;
    const checkpoint = checkpointId(id);
    current.triggerCheckpoint(checkpoint);
    this.work();
    const taken = this.arrivals.length - current.pendingArrivals;
    const barrierAt = current.output.emitted.findIndex(
      (each) => each.kind === 'event' && each.event.kind === 'barrier' && each.event.checkpointId === id,
    );
    const emittedBefore =
      this.emittedEarlier.length + (barrierAt === -1 ? current.output.emitted.length : barrierAt);
    await this.diskClock.runUntil(() => current.acknowledged.has(checkpoint), Number.POSITIVE_INFINITY);
    this.work();
    current.notifyCheckpointComplete(checkpoint);
    return { snapshots: current.acknowledged.get(checkpoint) ?? [], taken, emittedBefore };
  }

  async crashAndRestore({ snapshots, taken, emittedBefore }: AsyncCheckpoint): Promise<void> {
    this.emittedEarlier.splice(0, Number.POSITIVE_INFINITY, ...this.emitted.slice(0, emittedBefore));
    for (const process of this.processes) process.kill();
    this.disk.crash();
    this.stateDisk.crash();
    await this.begin(snapshots);
    for (const arrival of this.arrivals.slice(taken)) this.current.offer(arrival);
    if (this.hasEnded) this.current.endInput();
    await this.advance(0);
  }

  /** Takes the steps of a property's run, with a checkpoint in one of them and a crash after it or a later one. */
  async takeWithCrash<Step>(
    steps: readonly Step[],
    crash: CrashPoint,
    take: (step: Step, index: number) => Promise<void>,
  ): Promise<void> {
    const { checkpointIn, crashIn } = placesOf(crash, steps.length);
    let checkpoint: AsyncCheckpoint | undefined;
    for (const [index, step] of steps.entries()) {
      await take(step, index);
      if (index === checkpointIn) checkpoint = await this.checkpoint(1);
      if (index === crashIn) await this.crashAndRestore(checkpoint!);
    }
  }

  async close(): Promise<void> {
    await untilSettled(this.diskClock, this.current.close());
  }

  private get current(): OperatorSubtask<In> {
    if (this.operators === undefined) throw new Error('Begin the run first.');
    return this.operators;
  }

  /** Until the operator waits for input, or for what is under way. */
  private work(): void {
    for (let turns = 0; turns < turnsMax; turns += 1) {
      const result = this.current.step();
      if (result === 'idle') return;
      if (result !== 'blocked') continue;
      if (this.current.output.hasRoom) return;
      this.current.output.makeRoom();
    }
    throw new Error(`The operator has not come to rest within ${turnsMax} turns.`);
  }
}

export interface AsyncCheckpoint {
  readonly snapshots: readonly SubtaskSnapshot[];
  /** How many of the arrivals came before its barrier. */
  readonly taken: number;
  readonly emittedBefore: number;
}

const turnsMax = 100_000;
