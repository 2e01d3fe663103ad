import type { OutputAvailability } from '../exchange/output-availability.js';

/**
 * An asynchronous operator's one blocker of its subtask, taken while it has as many elements as it may.
 * Invariant: it is taken only where the output has room. An operator behind that is suspended waits for the
 * same availability, and the hold would keep it from taking the very results that end the hold.
 */
export class CapacityHold {
  private readonly availability: OutputAvailability;
  private isHeld = false;

  constructor(availability: OutputAvailability) {
    this.availability = availability;
  }

  /** False when the output is full just now: to be tried again, or input would come in once it has room. */
  tryHold(): boolean {
    if (this.isHeld) return true;
    if (!this.availability.isAvailable) return false;
    this.isHeld = true;
    this.availability.block();
    return true;
  }

  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.availability.unblock();
  }
}
