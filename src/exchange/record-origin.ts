/**
 * The record of a source that an element goes back to: what an error names, so that the record can be looked at.
 * It travels with the element through every exchange.
 */
export interface RecordOrigin {
  /** The split as errors name it, up to the position: `topic clicks, partition 0, offset`. Empty for no origin. */
  readonly split: string;
  /** A whole number that, without an origin, is 0. */
  readonly position: number;
}

export const noOrigin: RecordOrigin = { split: '', position: 0 };

/**
 * The origin of the element that a subtask is processing; what the subtask emits meanwhile has the same one.
 * Invariant: there is one exactly while an element is being processed, or what was suspended of it. A timer, a
 * window that fires and a watermark have none: an error of theirs would else name a record that is not at fault.
 *
 * Whoever begins with an element sets it, whoever is done with one clears it, and an error leaves it as it is for
 * those who tell of the error.
 */
export class CurrentOrigin implements RecordOrigin {
  split = '';
  position = 0;

  set(split: string, position: number): void {
    this.split = split;
    this.position = position;
  }

  copy({ split, position }: RecordOrigin): void {
    this.split = split;
    this.position = position;
  }

  clear(): void {
    this.split = '';
    this.position = 0;
  }
}
