/**
 * Time, as everything above the host sees it. Nothing else may read a clock or set a timer: the simulation
 * replaces this, and a stray `Date.now` would make its seeds unrepeatable.
 */
export interface Clock {
  /** Wall-clock epoch milliseconds: for people, file names and event time. May jump. */
  epochMs(): number;
  /** Milliseconds of a clock that never jumps, with fractions: for time-outs and durations. */
  monotonicMs(): number;
  /** Runs `callback` once after `delayMs`; the answer cancels it (harmless when it has run). */
  setTimer(delayMs: number, callback: () => void): CancelTimer;
}

export type CancelTimer = () => void;
