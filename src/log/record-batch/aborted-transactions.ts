/** A transaction that was aborted: the producer's batches from this offset to its abort marker are void. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/**
 * Invariant: batches are shown to it in log order, each once, those it hides and the control batches
 * included. Shown out of order, it would take one transaction's marker for another's and leak or lose records.
 *
 * The log lists a fetch's aborted transactions by first offset only; where each ends is said by its abort
 * marker among the batches. Several may be open at once, so all that began up to a batch's *last* offset
 * are taken in before the batch is judged, and only a control batch can end one: what a user writes into a
 * key never counts.
 */
export class AbortedTransactions {
  private readonly byFirstOffset: readonly AbortedTransaction[];
  private nextToBegin = 0;
  private readonly openProducerIds = new Set<number>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.byFirstOffset = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** A commit or abort marker went by. */
  passMarker(lastOffset: number, producerId: number, isAbort: boolean): void {
    this.beginUpTo(lastOffset);
    if (isAbort) this.openProducerIds.delete(producerId);
  }

  /** Whether a transactional data batch belongs to an aborted transaction. */
  hides(lastOffset: number, producerId: number): boolean {
    this.beginUpTo(lastOffset);
    return this.openProducerIds.has(producerId);
  }

  private beginUpTo(lastOffset: number): void {
    for (;;) {
      const next = this.byFirstOffset[this.nextToBegin];
      if (next === undefined || next.firstOffset > lastOffset) return;
      this.openProducerIds.add(next.producerId);
      this.nextToBegin++;
    }
  }
}
