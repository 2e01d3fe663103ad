import { CapacityHold } from '../async-io/capacity-hold.js';
import type { OperatorContext } from './stream-operator.js';

/**
 * An operator's share of its thread, for what one element may set off in any number: all timers of a watermark, all
 * keys of a state. Invariant: nothing enters the operator between two shares; what it does then would be seen by a
 * part of the keys or timers only. Without shares the thread would miss its heartbeat, and so would the next attempt.
 */
export class ThreadShare {
  private readonly context: OperatorContext<never>;
  private readonly size: number;
  private left: number;
  /** Between two shares, when the output alone would let elements in. */
  private readonly pause: CapacityHold;

  constructor(context: OperatorContext<never>, size: number) {
    this.context = context;
    this.size = size;
    this.left = size;
    this.pause = new CapacityHold(context.availability);
  }

  /** Whenever the operator is called to go on. */
  begin(): void {
    this.pause.release();
    this.left = this.size;
  }

  /** Takes one of the share. False when the output is full or the share used up: `begin` comes before anything else. */
  take(): boolean {
    if (!this.context.availability.isAvailable) return false;
    if (this.left === 0) {
      this.pause.tryHold();
      this.context.requestResume();
      return false;
    }
    this.left -= 1;
    return true;
  }
}
