/**
 * Whether a subtask may take more input. Everything that can be full (a channel without credit, a sink
 * whose buffer is full) blocks it and later unblocks it; the task reads one boolean per record instead of
 * asking each of them. Invariant: each blocker calls `block` and `unblock` strictly in turn.
 */
export class OutputAvailability {
  isAvailable = true;
  private blockers = 0;
  private readonly onAvailable: () => void;

  /** `onAvailable` is called when the last blocker is gone. */
  constructor(onAvailable: () => void) {
    this.onAvailable = onAvailable;
  }

  block(): void {
    this.blockers += 1;
    this.isAvailable = false;
  }

  unblock(): void {
    if (this.blockers === 0) throw new Error('unblock() without block(): a blocker is counted twice.');
    this.blockers -= 1;
    if (this.blockers === 0) {
      this.isAvailable = true;
      this.onAvailable();
    }
  }
}
