import { type Duration, durationMs } from '../api/duration.js';
import type { JobDefinition } from '../api/job.js';
import { checkParallelism } from '../key-groups/key-group-assignment.js';
import { HarnessRun, type RunSnapshot } from './harness-run.js';
import { assertSameOutput } from './output-comparison.js';
import type { TestInput } from './test-input.js';

/** What the harness of streams and the harness of a job have in common: time, snapshots and the end. */
export abstract class AbstractHarness {
  private readonly run: HarnessRun;
  /** Is restored after each step. */
  private readonly shadow: HarnessRun | undefined;
  private parallelism: number;
  private isStepping = false;

  protected constructor(runs: HarnessRuns) {
    this.run = runs.run;
    this.shadow = runs.shadow;
    this.parallelism = runs.parallelism;
  }

  /** Lets processing time pass: its timers fire, in their order. */
  async advanceProcessingTime(by: Duration): Promise<void> {
    const ms = durationMs(by, 'advanceProcessingTime');
    await this.step((run) => run.advanceProcessingTime(ms));
  }

  /** Epoch ms, as functions see it. */
  currentProcessingTime(): number {
    return this.run.currentProcessingTime();
  }

  /** Gives functions that wait for promises their turn. */
  async settle(): Promise<void> {
    await this.step((run) => run.settle());
  }

  /** Takes a checkpoint. */
  async snapshot(): Promise<TestSnapshot> {
    let taken: RunSnapshot | undefined;
    await this.step(async (run) => {
      const snapshot = await run.snapshot();
      if (run === this.run) taken = snapshot;
    });
    return new TestSnapshot(taken!);
  }

  /**
   * Crashes and goes on from the snapshot, also one of another harness, such as of an older version of a function;
   * with as many subtasks as `parallelism` says (as many as before, by default). Outputs keep what they have, and
   * processing time goes on. Keyed state is divided anew among the subtasks, which a job refuses so far.
   */
  async restore(snapshot: TestSnapshot, options: { readonly parallelism?: number } = {}): Promise<void> {
    this.parallelism = options.parallelism ?? this.parallelism;
    await this.step((run) => run.restore(snapshot.taken, this.parallelism));
  }

  /** Elements that came too late for all of their windows, since the last restore. */
  get numLateRecordsDropped(): number {
    return this.run.numLateRecordsDropped;
  }

  /** Ends the functions under test, with their `close`. */
  async close(): Promise<void> {
    await this.run.close();
    await this.shadow?.close();
  }

  protected inputOf<T>(sourceUid: string): TestInput<T> {
    const step = (act: (run: HarnessRun) => Promise<void>): Promise<void> => this.step(act);
    return {
      processElement: (value, timestamp) => step((run) => run.pushElements(sourceUid, [value], timestamp)),
      processElements: async (values) => {
        if (this.shadow === undefined) await step((run) => run.pushElements(sourceUid, values));
        else for (const value of values) await step((run) => run.pushElements(sourceUid, [value]));
      },
      processWatermark: (timestamp) => step((run) => run.pushWatermark(sourceUid, timestamp)),
      processIdleness: (idle) => step((run) => run.pushIdleness(sourceUid, idle)),
      endInput: () => step((run) => run.endInput(sourceUid)),
    };
  }

  private async step(act: (run: HarnessRun) => Promise<void>): Promise<void> {
    if (this.isStepping) throw new Error('Await each call to the harness before the next one.');
    this.isStepping = true;
    try {
      await act(this.run);
      if (this.shadow === undefined) return;
      await act(this.shadow);
      await this.shadow.restore(await this.shadow.snapshot(), this.parallelism);
      assertSameOutput(this.run.outputs, this.shadow.outputs, this.parallelism);
    } finally {
      this.isStepping = false;
    }
  }
}

/** What a harness kept at one point. It may be restored any number of times. */
export class TestSnapshot {
  /** For the harness alone. */
  readonly taken: RunSnapshot;

  constructor(taken: RunSnapshot) {
    this.taken = taken;
  }
}

export interface HarnessOptions {
  /** Subtasks of each operator; by default what the job says, or 1. Elements go to a source's subtasks in turn. */
  readonly parallelism?: number;
  /** Key groups; by default what the job says, or 128. */
  readonly maxParallelism?: number;
  /**
   * Runs everything a second time beside the first, with a snapshot, a crash and a restore after each step, and
   * demands the same output: what a function keeps in a field instead of in state is found out.
   */
  readonly restoreAfterEachStep?: boolean;
  /** Processing time at the beginning, epoch ms; 2024-01-01T00:00:00Z by default. */
  readonly startEpochMs?: number;
}

export interface HarnessRuns {
  readonly run: HarnessRun;
  readonly shadow: HarnessRun | undefined;
  readonly parallelism: number;
}

/** Flink's and Millrace's default. */
const defaultMaxParallelism = 128;

export async function openRuns(job: JobDefinition, options: HarnessOptions): Promise<HarnessRuns> {
  const parallelism = options.parallelism ?? job.settings.parallelism ?? 1;
  const maxParallelism = options.maxParallelism ?? job.settings.maxParallelism ?? defaultMaxParallelism;
  const { startEpochMs } = options;
  checkParallelism(parallelism, maxParallelism);
  const settings = { parallelism, maxParallelism, startEpochMs };
  const run = await HarnessRun.open(job, settings);
  const shadow = options.restoreAfterEachStep === true ? await HarnessRun.open(job, settings) : undefined;
  return { run, shadow, parallelism };
}
