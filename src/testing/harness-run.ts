import type { JobDefinition } from '../api/job.js';
import { assignTimestamp } from '../api/watermarks.js';
import { operatorParallelism } from '../graph/operator-parallelism.js';
import type { SourceNode, StreamGraph } from '../graph/stream-graph.js';
import { nodeEventLoop } from '../host/node-event-loop.js';
import { checkpointId } from '../protocol/ids.js';
import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { frozenCopy } from './frozen-value.js';
import { HarnessAttempt } from './harness-attempt.js';
import type { HarnessSnapshot } from './harness-snapshot.js';
import { SimulatedClock, type SimulatedProcessClock } from './simulated-clock.js';
import { CapturedOutput, capturing } from './test-output.js';

/**
 * A job under test, over any number of restores: its attempts follow each other, its outputs and its time go
 * on. Invariant: a call returns only when everything that it set off has happened.
 */
export class HarnessRun {
  readonly outputs = new Map<string, CapturedOutput<unknown>>();
  private readonly job: JobDefinition;
  private readonly maxParallelism: number;
  private readonly clock: SimulatedClock;
  private readonly storageClock = new SimulatedClock(inOrder);
  private readonly sources: readonly SourceNode[];
  private readonly inputStates = new Map<string, InputState>();
  private processes: readonly SimulatedProcessClock[] = [];
  private attempt: HarnessAttempt | undefined;
  private attempts = 0;
  private lastCheckpoint = 0;
  private nextSubtask = 0;

  private constructor(job: JobDefinition, settings: HarnessSettings) {
    this.job = job;
    this.maxParallelism = settings.maxParallelism;
    this.clock = new SimulatedClock(inOrder, settings.startEpochMs);
    const { nodes } = job.buildGraph();
    this.sources = nodes.filter((node): node is SourceNode => node.kind === 'source');
    for (const { uid } of this.sources) this.inputStates.set(uid, beginning);
    for (const node of nodes) if (node.kind === 'sink') this.outputs.set(node.uid, new CapturedOutput());
  }

  static async open(job: JobDefinition, settings: HarnessSettings): Promise<HarnessRun> {
    const run = new HarnessRun(job, settings);
    await run.begin(settings.parallelism, undefined);
    return run;
  }

  /** One after the other, each to its end. Without a timestamp, the source's watermark strategy gives it. */
  async pushElements(sourceUid: string, values: Iterable<unknown>, timestamp?: number): Promise<void> {
    const strategy = this.sources.find((source) => source.uid === sourceUid)?.watermarks ?? { kind: 'none' };
    const inputs = this.current.inputsOf(sourceUid);
    for (const value of values) {
      const copy: unknown = frozenCopy(value, 'The element');
      const eventTime = timestamp ?? assignTimestamp(strategy, copy, NO_TIMESTAMP);
      inputs[this.nextSubtask % inputs.length]?.push({ kind: 'record', value: copy, timestamp: eventTime });
      this.nextSubtask += 1;
      this.current.work();
    }
    await this.settle();
  }

  async pushWatermark(sourceUid: string, timestamp: number): Promise<void> {
    for (const input of this.current.inputsOf(sourceUid)) input.push({ kind: 'watermark', timestamp });
    this.updateInput(sourceUid, { watermark: timestamp });
    await this.settle();
  }

  async pushIdleness(sourceUid: string, idle: boolean): Promise<void> {
    for (const input of this.current.inputsOf(sourceUid)) input.push({ kind: 'watermark-status', idle });
    this.updateInput(sourceUid, { isIdle: idle });
    await this.settle();
  }

  async endInput(sourceUid: string): Promise<void> {
    await this.pushWatermark(sourceUid, MAX_WATERMARK);
    for (const input of this.current.inputsOf(sourceUid)) input.hasEnded = true;
    this.updateInput(sourceUid, { hasEnded: true });
    await this.settle();
  }

  /** Timers fire one after the other, each at its time. */
  async advanceProcessingTime(ms: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + ms;
    while (await this.clock.step(untilMs)) this.current.work();
    await this.clock.advance(untilMs - this.clock.monotonicMs());
    await this.settle();
  }

  currentProcessingTime(): number {
    return this.clock.epochMs();
  }

  async snapshot(): Promise<RunSnapshot> {
    this.lastCheckpoint += 1;
    const id = checkpointId(this.lastCheckpoint);
    const state = await this.untilSettled(
      this.current.checkpoint(id, (done, otherwise) => this.runStorage(done, otherwise)),
    );
    return { state, inputs: new Map(this.inputStates) };
  }

  /** Gives up the present attempt, as a crash would, and begins another from the snapshot. */
  async restore({ state, inputs }: RunSnapshot, parallelism: number): Promise<void> {
    this.current.abandon();
    for (const process of this.processes) process.kill();
    // A snapshot may be another harness's: what is taken from now on is newer.
    this.lastCheckpoint = Math.max(this.lastCheckpoint, state.checkpointId);
    await this.begin(parallelism, state);
    for (const [sourceUid, input] of inputs) {
      this.inputStates.set(sourceUid, input);
      // As a restored source does before its first element.
      if (input.watermark > MIN_WATERMARK) await this.pushWatermark(sourceUid, input.watermark);
      if (input.isIdle) await this.pushIdleness(sourceUid, true);
      if (input.hasEnded) await this.endInput(sourceUid);
    }
  }

  get numLateRecordsDropped(): number {
    return this.current.numLateRecordsDropped;
  }

  /** Lets what waits for real time or I/O go on. */
  async settle(): Promise<void> {
    this.current.work();
    await new Promise<void>((resolve) => nodeEventLoop.nextTurn(resolve));
    this.current.work();
  }

  async close(): Promise<void> {
    await this.untilSettled(this.current.close());
  }

  private async begin(parallelism: number, restored: HarnessSnapshot | undefined): Promise<void> {
    const clock = this.clock.process();
    const storageClock = this.storageClock.process();
    this.processes = [clock, storageClock];
    for (const node of this.job.buildGraph().nodes) {
      this.outputs.get(node.uid)?.begin(operatorParallelism(node, parallelism));
    }
    this.attempt = await this.untilSettled(
      HarnessAttempt.open({
        buildGraph: () => this.graphUnderTest(),
        parallelism,
        maxParallelism: this.maxParallelism,
        attempt: this.attempts,
        restored,
        clock,
        // State expires by the test's time; what is written moves on by itself.
        storageClock: {
          epochMs: () => clock.epochMs(),
          monotonicMs: () => storageClock.monotonicMs(),
          setTimer: (delayMs, callback) => storageClock.setTimer(delayMs, callback),
        },
      }),
    );
    this.attempts += 1;
  }

  private graphUnderTest(): StreamGraph {
    const graph = this.job.buildGraph();
    const nodes = graph.nodes.map((node) =>
      node.kind === 'sink' ? capturing(node, this.outputs.get(node.uid)!) : node,
    );
    return { ...graph, nodes };
  }

  private updateInput(sourceUid: string, changed: Partial<InputState>): void {
    this.inputStates.set(sourceUid, { ...(this.inputStates.get(sourceUid) ?? beginning), ...changed });
  }

  private get current(): HarnessAttempt {
    if (this.attempt === undefined) throw new Error('The harness is not open.');
    return this.attempt;
  }

  private async untilSettled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.runStorage(() => isSettled, 'The harness waits for something that does not come');
    return promise;
  }

  private async runStorage(done: () => boolean, otherwise: string): Promise<void> {
    for (let turn = 0; !done(); turn += 1) {
      if (!(await this.storageClock.step()) && turn > quietTurnsMax) throw new Error(`${otherwise}.`);
    }
  }
}

export interface HarnessSettings {
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly startEpochMs: number | undefined;
}

/** The streams' state, and how far their inputs were. */
export interface RunSnapshot {
  readonly state: HarnessSnapshot;
  readonly inputs: ReadonlyMap<string, InputState>;
}

interface InputState {
  readonly watermark: number;
  readonly isIdle: boolean;
  readonly hasEnded: boolean;
}

const beginning: InputState = { watermark: MIN_WATERMARK, isIdle: false, hasEnded: false };

/** Timers of one instant fire in the order in which they were set. */
const inOrder = { next: () => 0 };

/** Turns of the event loop in which nothing happens: some for promises of the functions under test, and an end. */
const quietTurnsMax = 10_000;
