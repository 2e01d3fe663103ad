/**
 * How many records may be emitted by now at a given rate. After a pause (backpressure, a slow start) it
 * catches up at most `burstMs` worth: a source told to be slow must not flood what is behind it.
 */
export class EmissionRate {
  private readonly recordsPerMs: number;
  private readonly recordsMax: number;
  private allowance = 0;
  private refilledAtMs: number;

  /** `nowMs` is monotonic, here and below. */
  constructor(recordsPerSecond: number, nowMs: number) {
    this.recordsPerMs = recordsPerSecond / 1_000;
    // At least one, or a rate below one record per burst would never emit.
    this.recordsMax = Math.max(1, this.recordsPerMs * burstMs);
    this.refilledAtMs = nowMs;
  }

  /** Whole records that may be emitted now. */
  available(nowMs: number): number {
    const refill = (nowMs - this.refilledAtMs) * this.recordsPerMs;
    this.allowance = Math.min(this.recordsMax, this.allowance + refill);
    this.refilledAtMs = nowMs;
    return Math.floor(this.allowance);
  }

  take(records: number): void {
    this.allowance -= records;
  }

  /** Until one record may be emitted, at least 1 ms. */
  get delayMs(): number {
    return Math.max(1, Math.ceil((1 - this.allowance) / this.recordsPerMs));
  }
}

/** Long enough to ride over a thread's pauses (garbage collection, a checkpoint) without losing pace. */
const burstMs = 1_000;
