import type { SubtaskMetrics } from '../protocol/messages.js';

/** Per second of the TaskManager's clock, over the newest reports. */
export interface SubtaskRates {
  readonly numRecordsInPerSecond: number;
  readonly numRecordsOutPerSecond: number;
  readonly numBytesOutPerSecond: number;
  readonly busyTimeMsPerSecond: number;
  readonly backPressuredTimeMsPerSecond: number;
  readonly idleTimeMsPerSecond: number;
}

/**
 * What a subtask does a second, from its totals. Bounded: it keeps the reports of one window, four a second.
 */
export class SubtaskRateMeter {
  private readonly reports: Report[] = [];

  add(metrics: SubtaskMetrics, atMs: number): void {
    const { numRecordsIn, numRecordsOut, numBytesOut, busyTimeMs, backPressuredTimeMs } = metrics;
    this.reports.push({ atMs, numRecordsIn, numRecordsOut, numBytesOut, busyTimeMs, backPressuredTimeMs });
    while (this.reports.length > 2 && (this.reports[1]?.atMs ?? atMs) <= atMs - windowMs)
      this.reports.shift();
  }

  /** All 0 before the second report. */
  rates(): SubtaskRates {
    const [first, last] = [this.reports[0], this.reports.at(-1)];
    const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / 1_000;
    const perSecond = (total: (report: Report) => number): number =>
      first === undefined || last === undefined || seconds <= 0 ? 0 : (total(last) - total(first)) / seconds;
    const busyTimeMsPerSecond = Math.min(
      perSecond((report) => report.busyTimeMs),
      1_000,
    );
    const backPressuredTimeMsPerSecond = Math.min(
      perSecond((report) => report.backPressuredTimeMs),
      1_000 - busyTimeMsPerSecond,
    );
    return {
      numRecordsInPerSecond: perSecond((report) => report.numRecordsIn),
      numRecordsOutPerSecond: perSecond((report) => report.numRecordsOut),
      numBytesOutPerSecond: perSecond((report) => report.numBytesOut),
      busyTimeMsPerSecond,
      backPressuredTimeMsPerSecond,
      idleTimeMsPerSecond: seconds <= 0 ? 0 : 1_000 - busyTimeMsPerSecond - backPressuredTimeMsPerSecond,
    };
  }
}

type Report = Pick<
  SubtaskMetrics,
  'numRecordsIn' | 'numRecordsOut' | 'numBytesOut' | 'busyTimeMs' | 'backPressuredTimeMs'
> & { readonly atMs: number };

/** Long enough to even out batches, short enough to show a change while somebody watches. Flink's is a minute. */
const windowMs = 10_000;
