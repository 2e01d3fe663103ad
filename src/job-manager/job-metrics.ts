import type { SubtaskReport } from '../metrics/list-metrics.js';
import { SubtaskRateMeter } from '../metrics/subtask-rates.js';
import type { CheckpointId, SlotIndex, VertexId } from '../protocol/ids.js';
import type { SubtaskMetrics } from '../protocol/messages.js';

/** What the job has done since this process began, summed over its attempts. */
export interface JobTotals {
  /** Records read by sources, and written by the vertices that end in sinks (as they received them). */
  readonly recordsIn: number;
  readonly recordsOut: number;
  /** Epoch ms of the first and last record that any source read. */
  readonly firstRecordAtMs: number | undefined;
  readonly lastRecordAtMs: number | undefined;
  readonly numRestarts: number;
  readonly checkpoints: CheckpointTotals;
}

export interface CheckpointTotals {
  readonly completed: number;
  readonly failed: number;
  readonly last: LastCheckpoint | undefined;
}

export interface LastCheckpoint {
  readonly id: CheckpointId;
  readonly durationMs: number;
  readonly stateBytes: number;
}

/** Which vertices read the outside and which write to it. */
export interface JobEnds {
  readonly sourceVertices: ReadonlySet<VertexId>;
  readonly sinkVertices: ReadonlySet<VertexId>;
}

/** Adds up what the TaskManagers send. Their counters begin at 0 with each attempt. */
export class JobMetrics {
  private readonly ends: JobEnds;
  private readonly bySlot = new Map<SlotIndex, readonly SubtaskMetrics[]>();
  private readonly rateMeters = new Map<string, SubtaskRateMeter>();
  private earlierIn = 0;
  private earlierOut = 0;
  private earlierFirstRecordAtMs: number | undefined;
  private earlierLastRecordAtMs: number | undefined;
  private numRestarts = 0;
  private completed = 0;
  private failed = 0;
  private last: LastCheckpoint | undefined;

  constructor(ends: JobEnds) {
    this.ends = ends;
  }

  /** `atMs` is monotonic. */
  update(slot: SlotIndex, subtasks: readonly SubtaskMetrics[], atMs: number): void {
    if (subtasks.length > 0) this.bySlot.set(slot, subtasks);
    for (const subtask of subtasks) this.rateMeterOf(subtask).add(subtask, atMs);
  }

  /** Of a vertex, its subtasks in their order. */
  subtaskReports(vertexId: VertexId): readonly SubtaskReport[] {
    return this.subtasks()
      .filter(({ subtask }) => subtask.vertexId === vertexId)
      .sort((a, b) => a.subtask.subtaskIndex - b.subtask.subtaskIndex)
      .map((metrics) => ({ metrics, rates: this.rateMeterOf(metrics).rates() }));
  }

  checkpointCompleted(last: LastCheckpoint): void {
    this.completed += 1;
    this.last = last;
  }

  checkpointFailed(): void {
    this.failed += 1;
  }

  attemptStarted(isRestart: boolean): void {
    const { firstRecordAtMs, lastRecordAtMs } = this.totals();
    this.earlierFirstRecordAtMs = firstRecordAtMs;
    this.earlierLastRecordAtMs = lastRecordAtMs;
    this.earlierIn += this.sum(this.ends.sourceVertices);
    this.earlierOut += this.sum(this.ends.sinkVertices);
    this.bySlot.clear();
    this.rateMeters.clear();
    if (isRestart) this.numRestarts += 1;
  }

  /** Records waiting in the log; undefined when no source knows. */
  pendingRecords(): number | undefined {
    const known = this.subtasks()
      .map((subtask) => subtask.pendingRecords)
      .filter((pending) => pending !== undefined);
    return known.length === 0 ? undefined : known.reduce((total, pending) => total + pending, 0);
  }

  totals(): JobTotals {
    const sources = this.subtasks().filter((each) => this.ends.sourceVertices.has(each.subtask.vertexId));
    return {
      recordsIn: this.earlierIn + this.sum(this.ends.sourceVertices),
      recordsOut: this.earlierOut + this.sum(this.ends.sinkVertices),
      firstRecordAtMs: least([this.earlierFirstRecordAtMs, ...sources.map((each) => each.firstRecordAtMs)]),
      lastRecordAtMs: greatest([this.earlierLastRecordAtMs, ...sources.map((each) => each.lastRecordAtMs)]),
      numRestarts: this.numRestarts,
      checkpoints: { completed: this.completed, failed: this.failed, last: this.last },
    };
  }

  private rateMeterOf({ subtask }: SubtaskMetrics): SubtaskRateMeter {
    const key = `${subtask.vertexId}:${subtask.subtaskIndex}`;
    let meter = this.rateMeters.get(key);
    if (meter === undefined) {
      meter = new SubtaskRateMeter();
      this.rateMeters.set(key, meter);
    }
    return meter;
  }

  private subtasks(): SubtaskMetrics[] {
    return [...this.bySlot.values()].flat();
  }

  private sum(vertices: ReadonlySet<VertexId>): number {
    return this.subtasks()
      .filter((each) => vertices.has(each.subtask.vertexId))
      .reduce((total, each) => total + each.numRecordsIn, 0);
  }
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function greatest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
