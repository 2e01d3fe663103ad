/** The bounds of one operator's keyed state. Tests set tiny ones; users have no need to. */
export interface StateLimits {
  /**
   * Estimated bytes of cached entries above which merged ones leave. Half a typical worker heap holds more,
   * but a slot may run several keyed operators, each with a cache of its own.
   */
  readonly cacheBudgetBytes: number;
  /** How many cached keys one access may look at to make room, so that no single record pays for a full sweep. */
  readonly evictionStepsMax: number;
  /**
   * The least time between two merges: a hot key is then written to the base once a merge, not once a
   * checkpoint, and the pages of the base likewise.
   */
  readonly mergeIntervalMs: number;
  /** A merge begins at once when so much is waiting, so that restore time stays bounded under heavy change. */
  readonly mergeEagerlyAboveBytes: number;
  /** And when so many segments wait: the checkpoint's metadata lists each. */
  readonly mergeEagerlyAboveSegments: number;
  /** Cells that a merge looks at in one go: about a millisecond. */
  readonly mergeCollectCells: number;
  /** One LMDB transaction of a merge: large ones have damaged free lists, and building one blocks the thread. */
  readonly mergeTransactionCellsMax: number;
  readonly mergeTransactionBytesMax: number;
  /** Between two transactions of one merge, for the thread's records. */
  readonly mergePauseMs: number;
  /**
   * While the segments of completed checkpoints exceed this, snapshots are acknowledged only as merging
   * progresses: checkpoints slow down instead of restore time growing without end.
   */
  readonly unmergedBytesMax: number;
  /**
   * Stored cells of states with TTL that a merge looks at for expired ones: so many, and so many more for each
   * such cell that it merged. With two for one, a round ends before more has expired since it began than lives.
   */
  readonly sweepCellsMin: number;
  readonly sweepCellsPerTimedCell: number;
  /** Of them, those looked at in one go: about a millisecond. */
  readonly sweepPageCells: number;
  /** Writing one segment: the first try and its repetitions, each after a pause that doubles. */
  readonly segmentWriteAttemptsMax: number;
  readonly segmentWriteRetryMs: number;
  /** Stored timers that stay in memory; the later ones are read again when their time nears. */
  readonly timersInMemoryMax: number;
  /** One read of timers or of a map or list: enough to spread the cost of a cursor, too few to stall. */
  readonly scanPageCells: number;
}

export const defaultStateLimits: StateLimits = {
  cacheBudgetBytes: 64 * 1024 * 1024,
  evictionStepsMax: 16,
  mergeIntervalMs: 5_000,
  mergeEagerlyAboveBytes: 16 * 1024 * 1024,
  mergeEagerlyAboveSegments: 64,
  mergeCollectCells: 5_000,
  mergeTransactionCellsMax: 2_000,
  mergeTransactionBytesMax: 1024 * 1024,
  mergePauseMs: 2,
  unmergedBytesMax: 128 * 1024 * 1024,
  sweepCellsMin: 1_000,
  sweepCellsPerTimedCell: 2,
  sweepPageCells: 256,
  segmentWriteAttemptsMax: 5,
  segmentWriteRetryMs: 50,
  timersInMemoryMax: 200_000,
  scanPageCells: 128,
};
