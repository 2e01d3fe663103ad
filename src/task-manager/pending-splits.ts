import type { CheckpointId } from '../protocol/ids.js';
import type { SourceSplit } from '../sources/source.js';

/**
 * Splits that were found while the job runs, from their assignment until a checkpoint holds them. Invariant:
 * a split is read only once a complete checkpoint names its start position. Read before, it would be found
 * anew after a failure, and what retention had deleted at its beginning by then would be lost without a word.
 */
export class PendingSplits {
  private readonly pending: PendingSplit[] = [];

  add(splits: readonly SourceSplit[]): void {
    for (const split of splits) this.pending.push({ split, heldBy: undefined });
  }

  /** For the checkpoint's snapshot. */
  snapshot(checkpointId: CheckpointId): readonly SourceSplit[] {
    return this.pending.map((each) => {
      each.heldBy ??= checkpointId;
      return each.split;
    });
  }

  /** Those that may be read, now that this checkpoint is complete; each is given once. */
  complete(checkpointId: CheckpointId): readonly SourceSplit[] {
    // A checkpoint holds what the one before it held, also where that one was aborted.
    const isHeld = ({ heldBy }: PendingSplit): boolean => heldBy !== undefined && heldBy <= checkpointId;
    const held = this.pending.filter(isHeld);
    if (held.length > 0)
      this.pending.splice(0, this.pending.length, ...this.pending.filter((p) => !isHeld(p)));
    return held.map(({ split }) => split);
  }
}

interface PendingSplit {
  readonly split: SourceSplit;
  /** The first checkpoint whose snapshot has it. */
  heldBy: CheckpointId | undefined;
}
