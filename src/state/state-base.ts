import type { CheckpointId, KeyGroupRange, OperatorUid } from '../protocol/ids.js';

/**
 * The store that merged state lies in, of one operator's subtask. Invariants: it never holds anything of an
 * incomplete checkpoint, and what it says of its progress was durable in the same transaction as the cells.
 * A base that were ahead of the checkpoint restored would double every update in between.
 */
export interface StateBase {
  readonly identity: StoreIdentity;
  readonly progress: MergeProgress;
  /** False only when it certainly holds no cell: then no read is needed. */
  mayHoldCells(): boolean;
  /** The cell's value in memory that stays as it is, or undefined. */
  get(cellKey: Buffer): Buffer | undefined;
  /** Up to `limit` cells from `from` (inclusive) to `to` (exclusive), in key order. */
  scan(from: Buffer, to: Buffer, limit: number): Cell[];
  /**
   * One transaction: these cells, and the progress made with them. Resolves when it is durable and what
   * `get` and `scan` see; the arrays and buffers are not changed until then.
   * @throws MillraceError when it failed or took too long: the attempt must end.
   */
  applyMerge(changes: readonly CellChange[], progress: MergeProgress): Promise<void>;
}

export interface Cell {
  readonly key: Buffer;
  readonly value: Buffer;
}

export interface CellChange {
  readonly key: Buffer;
  /** Undefined removes the cell. */
  readonly value: Buffer | undefined;
}

/** What a restore compares, so that it never takes an empty, older or foreign folder for the store. */
export interface StoreIdentity {
  readonly storeId: string;
  /** Rises when a rescale writes the store anew. */
  readonly generation: number;
  readonly operatorUid: OperatorUid;
  readonly maxParallelism: number;
  readonly keyGroupRange: KeyGroupRange;
}

export interface MergeProgress {
  /** Every segment up to this checkpoint is in the base, whole. */
  readonly mergedThrough: CheckpointId;
  /** Some cells of segments up to this checkpoint may be in it; it was complete when that merge began. */
  readonly mergingThrough: CheckpointId;
}

/** The bases of one slot, one for each of its operators. */
export interface StateBases {
  /** For messages: where they lie. */
  readonly location: string;
  /** Undefined where there is none; never creates one. */
  openExisting(operatorUid: OperatorUid): Promise<StateBase | undefined>;
  /** Begins an empty base, durably, in place of any earlier one of this operator. */
  create(identity: StoreIdentity): Promise<StateBase>;
  close(): Promise<void>;
}
