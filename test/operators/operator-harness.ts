import { expect } from 'vitest';
import type { SubtaskSnapshot } from '../../src/checkpoint/checkpoint-metadata.js';
import { type CheckpointId, checkpointId, executionAttempt } from '../../src/protocol/ids.js';
import { MIN_WATERMARK, type StreamEvent } from '../../src/protocol/stream-elements.js';
import { CachedKeyedStateStore } from '../../src/state/cached-keyed-state-store.js';
import { InMemoryStateBases, SimulatedStateDisk } from '../../src/state/in-memory-state-bases.js';
import type { Arrival } from '../../src/testing/pushed-input.js';
import { SimulatedClock, type SimulatedProcessClock } from '../simulation/simulated-clock.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { untilSettled } from '../simulation/until-settled.js';
import type { Emitted, OutputSize } from './one-slot-edge.js';
import { OperatorSubtask, type Pipeline, type SubtaskPlace } from './operator-subtask.js';

/** One step of a test's input: something that arrives, processing time that passes, or the end. */
export type Step<In> =
  | Arrival<In>
  | { readonly kind: 'time-passes'; readonly ms: number }
  | { readonly kind: 'end-of-input' };

export const record = <In>(value: In, timestamp: number): Step<In> => ({ kind: 'record', value, timestamp });
/** On the second input. */
export const secondRecord = <In>(value: In, timestamp: number): Step<In> => ({
  kind: 'record',
  value,
  timestamp,
  input: 1,
});
export const watermark = (timestamp: number): Step<never> => ({ kind: 'watermark', timestamp });
export const idle = (isIdle: boolean): Step<never> => ({ kind: 'watermark-status', idle: isIdle });
export const timePasses = (ms: number): Step<never> => ({ kind: 'time-passes', ms });
export const endOfInput: Step<never> = { kind: 'end-of-input' };

/**
 * Runs operators in every way in which a job may run them, and compares each with the plain run: with an
 * output that is full after every element; with a checkpoint in the midst of every step; and, for each of
 * those checkpoints, with a crash after it (at once, and at the end of the input), a restore, and a replay of
 * what came behind. Gives what the plain run emitted, for the test to compare with what is right.
 *
 * Nothing promises an order to the timers of one timestamp: where several keys have such, `ties` says so.
 */
export async function runEveryWay<In>(
  pipeline: Pipeline<In>,
  steps: readonly Step<In>[],
  ties: Ties = 'in order',
): Promise<readonly Emitted[]> {
  const compared = (emitted: readonly Emitted[]): ReadonlyMap<number, readonly Emitted[]> =>
    byEdge(ties === 'in order' ? emitted : withTiesSorted(emitted));
  const plain = await runPlain(pipeline, steps, 'unbounded');
  const expected = compared(plain);
  expect(compared(await runPlain(pipeline, steps, 'one-slot')), 'with a one-slot output').toEqual(expected);
  expect(compared(await runWithCheckpoints(pipeline, steps)), 'with a checkpoint at each step').toEqual(
    expected,
  );
  for (let at = 0; at < steps.length; at += 1) {
    for (const crashAt of new Set([at, steps.length - 1])) {
      const replayed = await runWithCrash(pipeline, steps, at, crashAt);
      const how = `with a checkpoint in step ${at} and a crash after step ${crashAt}`;
      expect(compared(replayed), how).toEqual(expected);
    }
  }
  return plain;
}

/** Whether results of one time, one behind the other, are compared in their order. */
export type Ties = 'in order' | 'in any order';

async function runPlain<In>(
  pipeline: Pipeline<In>,
  steps: readonly Step<In>[],
  outputSize: OutputSize,
): Promise<readonly Emitted[]> {
  const run = new HarnessRun(pipeline, outputSize);
  await run.begin();
  for (const step of steps) await run.take(step);
  // What a sink reports, it reports with a checkpoint.
  await run.checkpoint();
  return withoutRepeats(run.emitted);
}

async function runWithCheckpoints<In>(
  pipeline: Pipeline<In>,
  steps: readonly Step<In>[],
): Promise<readonly Emitted[]> {
  const run = new HarnessRun(pipeline, 'one-slot');
  await run.begin();
  for (const step of steps) await run.takeWithCheckpoint(step);
  await run.checkpoint();
  return withoutRepeats(run.emitted);
}

/** With a checkpoint in one step, and a crash after it or after a later one. */
export async function runWithCrash<In>(
  pipeline: Pipeline<In>,
  steps: readonly Step<In>[],
  checkpointIn: number,
  crashAfter: number,
  place?: SubtaskPlace,
): Promise<readonly Emitted[]> {
  const run = new HarnessRun(pipeline, 'one-slot', place);
  await run.begin();
  for (const step of steps.slice(0, checkpointIn)) await run.take(step);
  const taken = await run.takeWithCheckpoint(steps[checkpointIn]!);
  for (const step of steps.slice(checkpointIn + 1, crashAfter + 1)) await run.take(step);
  await run.crashAndRestore(taken, steps.slice(0, checkpointIn + 1));
  for (const step of steps.slice(checkpointIn + 1)) await run.take(step);
  await run.checkpoint();
  return withoutRepeats(run.emitted);
}

interface TakenCheckpoint {
  readonly snapshots: readonly SubtaskSnapshot[];
  /** How much had been emitted before its barrier. */
  readonly emittedBefore: number;
  /** What the operators' clock showed. */
  readonly atMs: number;
}

/** Merges at once and evicts whatever it may, so that little of the state is ever where it was put. */
const tinyStateLimits = {
  cacheBudgetBytes: 0,
  mergeIntervalMs: 0,
  mergePauseMs: 1,
  mergeTransactionCellsMax: 2,
  scanPageCells: 2,
  timersInMemoryMax: 2,
};

class HarnessRun<In> {
  private readonly pipeline: Pipeline<In>;
  private readonly outputSize: OutputSize;
  private readonly place: SubtaskPlace | undefined;
  private readonly random = new SimulatedRandom(1);
  /** The time that operators see; a replay begins with the checkpoint's. */
  private clock = new SimulatedClock(this.random);
  /** Disks take their own time, so that a checkpoint changes nothing in what operators see. */
  private readonly diskClock = new SimulatedClock(this.random);
  private readonly disk = new SimulatedDisk(this.random);
  private readonly stateDisk = new SimulatedStateDisk();
  private readonly emittedEarlier: Emitted[] = [];
  private processes: SimulatedProcessClock[] = [];
  private operators: OperatorSubtask<In> | undefined;
  private attempt = 0;
  private lastCheckpoint = 0;

  constructor(pipeline: Pipeline<In>, outputSize: OutputSize, place?: SubtaskPlace) {
    this.place = place;
    this.pipeline = pipeline;
    this.outputSize = outputSize;
  }

  get emitted(): readonly Emitted[] {
    return [...this.emittedEarlier, ...this.current.output.emitted];
  }

  async begin(restored: readonly SubtaskSnapshot[] = []): Promise<void> {
    this.attempt += 1;
    const clock = this.clock.process();
    const diskClock = this.diskClock.process();
    this.processes = [clock, diskClock];
    const opened = OperatorSubtask.open(this.pipeline, {
      clock,
      state: new CachedKeyedStateStore({
        bases: new InMemoryStateBases(this.stateDisk, diskClock),
        files: this.disk.open(diskClock),
        segmentFolder: 'segments',
        clock: diskClock,
        random: this.random,
        limits: tinyStateLimits,
      }),
      attempt: executionAttempt(this.attempt),
      // As it comes back from the checkpoint's metadata.
      restored: JSON.parse(JSON.stringify(restored)) as SubtaskSnapshot[],
      outputSize: this.outputSize,
      place: this.place,
    });
    this.operators = await untilSettled(this.diskClock, opened, 1e9);
  }

  async take(step: Step<In>): Promise<void> {
    await this.start(step);
    this.current.work();
    this.assertHealthy();
  }

  /** The trigger comes when the step has begun, and what it sets off is suspended. */
  async takeWithCheckpoint(step: Step<In>): Promise<TakenCheckpoint> {
    await this.start(step);
    this.current.step();
    return this.checkpoint();
  }

  async checkpoint(): Promise<TakenCheckpoint> {
    const id = this.nextCheckpointId();
    const { current } = this;
    current.triggerCheckpoint(id);
    current.work();
    await this.diskClock.runUntil(() => current.acknowledged.has(id) || current.failures.length > 0, 1e9);
    this.assertHealthy();
    const barrierAt = current.output.emitted.findIndex(
      (each) => each.kind === 'event' && each.event.kind === 'barrier' && each.event.checkpointId === id,
    );
    current.notifyCheckpointComplete(id);
    current.work();
    // Time for a merge.
    await this.diskClock.advance(10);
    return {
      snapshots: current.acknowledged.get(id) ?? [],
      emittedBefore:
        this.emittedEarlier.length + (barrierAt === -1 ? current.output.emitted.length : barrierAt),
      atMs: this.clock.monotonicMs(),
    };
  }

  async crashAndRestore(taken: TakenCheckpoint, stepsBefore: readonly Step<In>[]): Promise<void> {
    const kept = this.emitted.slice(0, taken.emittedBefore);
    this.emittedEarlier.splice(0, Number.POSITIVE_INFINITY, ...kept);
    for (const process of this.processes) process.kill();
    this.disk.crash();
    this.stateDisk.crash();
    this.clock = new SimulatedClock(this.random);
    await this.clock.advance(taken.atMs);
    await this.begin(taken.snapshots);
    // As every source and every gate does, before the first record.
    const known = stepsBefore.filter((step) => step.kind === 'watermark').at(-1);
    if (known !== undefined) await this.take(known);
    if (stepsBefore.some((step) => step.kind === 'end-of-input')) await this.take(endOfInput);
  }

  private async start(step: Step<In>): Promise<void> {
    switch (step.kind) {
      case 'record':
      case 'watermark':
      case 'watermark-status':
        this.current.offer(step);
        return;
      case 'time-passes':
        await this.clock.advance(step.ms);
        return;
      case 'end-of-input':
        this.current.endInput();
        return;
    }
  }

  private get current(): OperatorSubtask<In> {
    if (this.operators === undefined) throw new Error('Begin the run first.');
    return this.operators;
  }

  private nextCheckpointId(): CheckpointId {
    this.lastCheckpoint += 1;
    return checkpointId(this.lastCheckpoint);
  }

  private assertHealthy(): void {
    const [failure] = this.current.failures;
    if (failure !== undefined) throw failure;
  }
}

/**
 * Without barriers, and without watermarks that don't advance and statuses that change nothing: a restored
 * operator repeats what it had said, and a receiver ignores that.
 */
function withoutRepeats(emitted: readonly Emitted[]): readonly Emitted[] {
  const heard = new Map<number, EdgeState>();
  return emitted.filter((each) => {
    if (each.kind !== 'event') return true;
    const before = heard.get(each.edge) ?? nothingHeard;
    const after = afterEvent(before, each.event);
    heard.set(each.edge, after);
    return after !== before;
  });
}

interface EdgeState {
  readonly watermark: number;
  readonly isIdle: boolean;
  readonly hasEnded: boolean;
}

const nothingHeard: EdgeState = { watermark: MIN_WATERMARK, isIdle: false, hasEnded: false };

/** The same object when the event changes nothing. */
function afterEvent(state: EdgeState, event: StreamEvent): EdgeState {
  switch (event.kind) {
    case 'barrier':
      return state;
    case 'watermark':
      return event.timestamp > state.watermark ? { ...state, watermark: event.timestamp } : state;
    case 'watermark-status':
      return event.idle === state.isIdle ? state : { ...state, isIdle: event.idle };
    case 'end-of-input':
      return state.hasEnded ? state : { ...state, hasEnded: true };
  }
}

/** Between edges there is no order: what is suspended on one way does not hold up the others. */
function byEdge(emitted: readonly Emitted[]): ReadonlyMap<number, readonly Emitted[]> {
  const edges = new Map<number, Emitted[]>();
  for (const each of emitted) {
    const edge = each.kind === 'reported' ? -1 : each.edge;
    edges.set(edge, [...(edges.get(edge) ?? []), each]);
  }
  return edges;
}

function withTiesSorted(emitted: readonly Emitted[]): readonly Emitted[] {
  const sorted: Emitted[] = [];
  let tied: Emitted[] = [];
  for (const each of emitted) {
    const [first] = tied;
    const isTied = each.kind === 'record' && first?.kind === 'record' && first.timestamp === each.timestamp;
    if (!isTied) {
      sorted.push(...tied.sort(byText));
      tied = [];
    }
    tied.push(each);
  }
  return [...sorted, ...tied.sort(byText)];
}

function byText(a: Emitted, b: Emitted): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
