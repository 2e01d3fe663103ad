import type { CancelTimer, Clock } from '../host/clock.js';
import { nodeEventLoop } from '../host/node-event-loop.js';
import type { Random } from '../host/random.js';

/**
 * Virtual time. Nothing happens but by a timer; timers of the same instant fire in a seeded order, since no
 * real machine promises one. All promises settle between two timers, so a run depends on its seed alone.
 */
export class SimulatedClock implements Clock {
  private nowMs = 0;
  private readonly timers = new Set<Timer>();
  private readonly random: Pick<Random, 'next'>;
  private readonly startEpochMs: number;

  /** `startEpochMs` is the wall clock's time at the beginning: 2024-01-01T00:00:00Z by default. */
  constructor(random: Pick<Random, 'next'>, startEpochMs = 1_704_067_200_000) {
    this.random = random;
    this.startEpochMs = startEpochMs;
  }

  epochMs(): number {
    return this.startEpochMs + Math.floor(this.nowMs);
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  setTimer(delayMs: number, callback: () => void): CancelTimer {
    const timer: Timer = { atMs: this.nowMs + Math.max(0, delayMs), order: this.random.next(), callback };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  /** The clock of one process: once killed, none of its timers fires any more. */
  process(): SimulatedProcessClock {
    return new SimulatedProcessClock(this);
  }

  /** Fires the next timer after all promises have settled; false when there is none at or before `untilMs`. */
  async step(untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    await promisesSettled();
    const next = this.earliest();
    if (next === undefined || next.atMs > untilMs) return false;
    this.timers.delete(next);
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.callback();
    return true;
  }

  /** Runs everything that is due within the next `durationMs`, then stands at its end. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.nowMs + durationMs;
    while (await this.step(untilMs));
    this.nowMs = untilMs;
  }

  /** Runs until `done`; @throws when nothing is left that could happen, or virtual time passes `limitMs`. */
  async runUntil(done: () => boolean, limitMs: number): Promise<void> {
    for (;;) {
      await promisesSettled();
      if (done()) return;
      if (!(await this.step(limitMs))) throw new Error(`The simulation stands still at ${this.nowMs} ms.`);
    }
  }

  private earliest(): Timer | undefined {
    let best: Timer | undefined;
    for (const timer of this.timers) {
      if (
        best === undefined ||
        timer.atMs < best.atMs ||
        (timer.atMs === best.atMs && timer.order < best.order)
      ) {
        best = timer;
      }
    }
    return best;
  }
}

export class SimulatedProcessClock implements Clock {
  private readonly clock: SimulatedClock;
  private isAlive = true;

  constructor(clock: SimulatedClock) {
    this.clock = clock;
  }

  epochMs(): number {
    return this.clock.epochMs();
  }

  monotonicMs(): number {
    return this.clock.monotonicMs();
  }

  setTimer(delayMs: number, callback: () => void): CancelTimer {
    return this.clock.setTimer(delayMs, () => {
      if (this.isAlive) callback();
    });
  }

  kill(): void {
    this.isAlive = false;
  }
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Node runs every microtask, however long their chain, before it turns to an immediate. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => nodeEventLoop.nextTurn(resolve));
}
