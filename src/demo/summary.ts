import { formatBytes, formatCount, formatDuration } from '../cli/progress-line.js';
import { isEqual } from './action-comparison.js';
import type { ResultCheck } from './check-result.js';

/** How the job ran in this process; what it did is in the `ResultCheck`. */
export interface RunStatistics {
  /** Records that the sources read in this process: fewer than the input after a restart of the process. */
  readonly recordsIn: number;
  /** From the first record processed to the last. */
  readonly processingMs: number;
  readonly checkpointsCompleted: number;
  readonly lastCheckpoint?: { readonly durationMs: number; readonly bytes: number };
  readonly restarts: number;
}

/** What the demo prints at its end: a few lines for people, the verdict last. */
export function formatSummary(run: RunStatistics, check: ResultCheck): string {
  const { comparison, actionsByRule } = check;
  const { lastCheckpoint } = run;
  const perSecond = run.processingMs > 0 ? (run.recordsIn / run.processingMs) * 1_000 : 0;
  const rows: [label: string, text: string][] = [
    ['events in', formatCount(check.eventsIn)],
    ['actions out', formatCount(comparison.written)],
    ...Object.entries(actionsByRule).map(([rule, count]): [string, string] => [
      `  ${rule}`,
      formatCount(count),
    ]),
    [
      'throughput',
      `${formatCount(perSecond)} events/s (${formatCount(run.recordsIn)} in ${formatDuration(run.processingMs)})`,
    ],
    [
      'checkpoints',
      lastCheckpoint === undefined
        ? formatCount(run.checkpointsCompleted)
        : `${formatCount(run.checkpointsCompleted)}, the last in ${formatDuration(lastCheckpoint.durationMs)}, ${formatBytes(lastCheckpoint.bytes)}`,
    ],
    ['restarts', formatCount(run.restarts)],
    ['check', formatVerdict(check)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `${label.padEnd(width)}  ${text}\n`).join('');
}

function formatVerdict({ comparison }: ResultCheck): string {
  if (isEqual(comparison)) {
    return `OK: all ${formatCount(comparison.expected)} actions as computed independently, none lost, doubled or out of order`;
  }
  const counts = [
    `${formatCount(comparison.missing)} missing`,
    `${formatCount(comparison.unexpected)} unexpected`,
    `${formatCount(comparison.usersOutOfOrder)} users out of order`,
  ];
  return [`FAILED: ${counts.join(', ')}`, ...comparison.examples].join('\n    ');
}
