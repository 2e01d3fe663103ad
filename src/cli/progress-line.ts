/** How a job is doing, as the JobManager knows it. */
export interface JobProgress {
  /** Flink's job state: RUNNING, RESTARTING, … */
  readonly state: string;
  /** Records read by the sources and written by the sinks since the job began. */
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  /** Records waiting in the log; undefined while that is not known. */
  readonly pendingRecords: number | undefined;
  readonly lastCheckpoint?: CheckpointProgress;
  readonly restarts: number;
}

export interface CheckpointProgress {
  readonly id: number;
  readonly durationMs: number;
  readonly bytes: number;
}

/** One line for people, without a line break. */
export function formatProgress(progress: JobProgress): string {
  const { state, lastCheckpoint: checkpoint, pendingRecords, restarts } = progress;
  const parts = [
    state,
    `in ${formatCount(progress.recordsIn)} (${formatCount(progress.inPerSecond)}/s)`,
    `out ${formatCount(progress.recordsOut)} (${formatCount(progress.outPerSecond)}/s)`,
    `lag ${pendingRecords === undefined ? 'unknown' : formatCount(pendingRecords)}`,
    checkpoint === undefined
      ? 'no checkpoint yet'
      : `checkpoint ${checkpoint.id} in ${formatDuration(checkpoint.durationMs)}, ${formatBytes(checkpoint.bytes)}`,
  ];
  if (restarts > 0) parts.push(restarts === 1 ? '1 restart' : `${formatCount(restarts)} restarts`);
  return parts.join(' · ');
}

/** 1,234,567, the same in every locale. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 999 B, 4.2 KB, 17 MB: powers of 1,024, two digits that matter. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.round(value) >= 1_000 && unit < byteUnits.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const text = unit === 0 || value >= 9.95 ? String(Math.round(value)) : value.toFixed(1);
  return `${text} ${byteUnits[unit]}`;
}

const byteUnits = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** 12 ms, 3.4 s, 2 m 5 s. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
}
