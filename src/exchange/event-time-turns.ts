/**
 * Whose turn it is among several that are read, a gate's channels or a source's splits: theirs by order, and each
 * second time that of whoever is furthest behind in event time.
 *
 * A watermark is that of the slowest, and what was read ahead of it waits in the state of windows and joins. By order
 * alone that lead grows for as long as there is more to read, since the shares are never quite equal. Invariant: whoever
 * is ready has every second turn's order; one whose clock is years ahead must not starve.
 */
export class EventTimeTurns {
  /** Whose turn it is by order. */
  private inOrder = 0;
  private isForSlowest = false;

  /** The place of the next one; undefined while none is ready. */
  next(takers: TurnTakers): number | undefined {
    const first = this.firstReady(takers);
    if (first === undefined) return undefined;
    this.isForSlowest = !this.isForSlowest;
    const slowest = this.isForSlowest ? slowestOf(takers, first) : undefined;
    if (slowest === undefined) this.inOrder = first + 1;
    return slowest ?? first;
  }

  private firstReady(takers: TurnTakers): number | undefined {
    const { count } = takers;
    for (let tried = 0; tried < count; tried += 1) {
      const place = (this.inOrder + tried) % count;
      if (takers.isReady(place)) return place;
    }
    return undefined;
  }
}

/** Those that are read, by their places from 0 on. */
export interface TurnTakers {
  readonly count: number;
  /** Whether there is something to read. */
  isReady(place: number): boolean;
  /** Epoch ms; MIN_WATERMARK where none is known. */
  watermarkOf(place: number): number;
}

/** Of those that are ready, as `first` is; undefined where all are equally far. */
function slowestOf(takers: TurnTakers, first: number): number | undefined {
  let slowest = first;
  let areEqual = true;
  for (let place = 0; place < takers.count; place += 1) {
    if (!takers.isReady(place)) continue;
    const lead = takers.watermarkOf(place) - takers.watermarkOf(slowest);
    if (lead !== 0) areEqual = false;
    if (lead < 0) slowest = place;
  }
  return areEqual ? undefined : slowest;
}
