/** How often checkpoints are taken and how long they may take. Flink's names, and its defaults where it has any. */
export interface CheckpointSettings {
  /** Between the triggers of two periodic checkpoints. Exactly-once results become visible at this rhythm. */
  readonly checkpointIntervalMs: number;
  /** From the trigger to the last acknowledgement. */
  readonly checkpointTimeoutMs: number;
  /** From the end of a checkpoint to the trigger of the next periodic one. */
  readonly minPauseMs: number;
  /** So many checkpoints in a row may fail; one more fails the attempt. */
  readonly tolerableFailedCheckpoints: number;
  /** After a failed checkpoint, before an urgent one (final, stop, requested) is tried again. */
  readonly retryPauseMs: number;
  /** A write of metadata that takes longer has an unknown outcome. */
  readonly metadataWriteTimeoutMs: number;
  /** Ids made durable at a time; a killed process skips what it had left of them. */
  readonly idReservationSize: number;
}

export const defaultCheckpointSettings: CheckpointSettings = {
  // Flink has no default interval, since it takes none unless asked; Millrace always takes checkpoints.
  checkpointIntervalMs: 1_000,
  checkpointTimeoutMs: 600_000,
  minPauseMs: 0,
  tolerableFailedCheckpoints: 0,
  // Long enough not to spin on a full disk, short enough for somebody who waits for a stop.
  retryPauseMs: 1_000,
  // A metadata file is a few KB: a disk that needs a minute for it will not come back by itself.
  metadataWriteTimeoutMs: 60_000,
  // At 25 ms a checkpoint one fsync every 2.5 s, and ids that stay readable after a kill.
  idReservationSize: 100,
};
