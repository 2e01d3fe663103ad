import type { Clock } from '../host/clock.js';
import type { JobManager } from '../job-manager/job-manager.js';
import type { JobProgress } from './progress-line.js';

/** Rates are over at least this time, or a line drawn more often would show noise. */
const rateWindowMs = 1_000;

/** Turns a JobManager's totals into rates between two looks. */
export class ProgressMeter {
  private readonly jobManager: JobManager;
  private readonly clock: Clock;
  private since: Sample;
  private inPerSecond = 0;
  private outPerSecond = 0;

  constructor(jobManager: JobManager, clock: Clock) {
    this.jobManager = jobManager;
    this.clock = clock;
    this.since = this.sample();
  }

  progress(): JobProgress {
    const now = this.sample();
    const elapsedMs = now.atMs - this.since.atMs;
    if (elapsedMs >= rateWindowMs) {
      this.inPerSecond = ((now.recordsIn - this.since.recordsIn) / elapsedMs) * 1_000;
      this.outPerSecond = ((now.recordsOut - this.since.recordsOut) / elapsedMs) * 1_000;
      this.since = now;
    }
    const { checkpoints, numRestarts } = this.jobManager.jobMetrics.totals();
    const { last } = checkpoints;
    return {
      state: this.jobManager.status,
      recordsIn: now.recordsIn,
      recordsOut: now.recordsOut,
      inPerSecond: this.inPerSecond,
      outPerSecond: this.outPerSecond,
      pendingRecords: this.jobManager.jobMetrics.pendingRecords(),
      ...(last === undefined
        ? {}
        : { lastCheckpoint: { id: last.id, durationMs: last.durationMs, bytes: last.stateBytes } }),
      restarts: numRestarts,
    };
  }

  private sample(): Sample {
    const { recordsIn, recordsOut } = this.jobManager.jobMetrics.totals();
    return { atMs: this.clock.monotonicMs(), recordsIn, recordsOut };
  }
}

interface Sample {
  readonly atMs: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
}
