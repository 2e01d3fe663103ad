import { performance } from 'node:perf_hooks';
import type { CancelTimer, Clock } from './clock.js';

/** Node's clocks and timers. */
export const nodeClock: Clock = {
  epochMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs: number, callback: () => void): CancelTimer {
    // Node turns a delay beyond 2^31-1 ms, or a negative one, into 1 ms: a timer for next month would fire at once.
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), nodeTimerDelayMaxMs));
    return () => clearTimeout(timer);
  },
};

const nodeTimerDelayMaxMs = 2 ** 31 - 1;
