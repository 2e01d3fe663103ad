import type { Metric } from '../metrics/metric.js';
import type { Failure } from '../protocol/failures.js';
import type { OperatorUid } from '../protocol/ids.js';
import type { JobTotals } from './job-metrics.js';

/** How a job ended, for the command's exit code, its summary and for tests. */
export interface JobResult {
  readonly exitCode: 0 | 1;
  /** Finished: all input was processed. Stopped: it goes on from its last checkpoint at the next start. */
  readonly outcome: 'finished' | 'stopped' | 'failed';
  readonly failure?: Failure;
  readonly remark?: string;
  readonly totals: JobTotals;
  /** As last reported: the values of the last attempt. */
  readonly metrics: readonly Metric[];
  /** What collecting sinks were given, by the sink's uid. */
  readonly collected: ReadonlyMap<OperatorUid, readonly unknown[]>;
}
