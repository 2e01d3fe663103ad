import type { OutputAvailability } from '../exchange/output-availability.js';

/**
 * An asynchronous operator's one blocker of its subtask, taken while it has as many elements as it may.
 * Invariant: it is taken only where the output has room. An operator behind that is suspended waits for the
 * same availability, and the hold would keep it from taking the very results that end the hold.
 */
export class CapacityHold {
  private readonly availability: OutputAvailability;
  isHeld = false;

  constructor(availability: OutputAvailability) {
    this.availability = availability;
  }

  /** Does nothing while the output is full: no input comes in, and the operator is asked again when it has room. */
  tryHold(): void {
    if (this.isHeld || !this.availability.isAvailable) return;
    this.isHeld = true;
    this.availability.block();
  }

  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.availability.unblock();
  }
}
