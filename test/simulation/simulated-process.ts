import type { CancelTimer, Clock } from '../../src/host/clock.js';
import type { EventLoop } from '../../src/host/event-loop.js';
import type { SimulatedRandom } from './simulated-random.js';
import type { SimulatedWorld } from './simulated-world.js';

/**
 * A thread or a process that may die between any two of its effects. Invariant: once it is dead nothing that
 * it had under way has any further effect, although its promises and closures live on in this thread: every
 * port that it was given asks `perform` first.
 */
export class SimulatedProcess implements Clock, EventLoop {
  readonly name: string;
  isAlive = true;
  /** Virtual ms that one turn of its event loop takes at most; raised for a slow thread. */
  turnMsMax = 0.2;
  /** Virtual ms that pass for it from one look at its clock to the next, within one turn: its code takes time too. */
  msPerLook = 0;
  private readonly world: SimulatedWorld;
  private readonly random: SimulatedRandom;
  private readonly onUncaught: (error: unknown) => void;
  private readonly deathHooks: (() => void)[] = [];
  private lastLookMs = 0;

  constructor(world: SimulatedWorld, name: string, onUncaught: (error: unknown) => void) {
    this.world = world;
    this.name = name;
    this.random = world.random.fork();
    this.onUncaught = onUncaught;
  }

  /** An effect on something outside: another process, the disk, the log. The seed may kill the process just before it. */
  perform(what: string, effect: () => void): void {
    if (!this.isAlive) return;
    this.world.trace.add(this.world.clock.monotonicMs(), this.name, what);
    this.world.faults.beforeEffect(this, what);
    if (this.isAlive) effect();
  }

  kill(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.world.trace.add(this.world.clock.monotonicMs(), this.name, 'dies');
    for (const hook of this.deathHooks) hook();
  }

  onDeath(hook: () => void): void {
    this.deathHooks.push(hook);
  }

  epochMs(): number {
    return this.world.clock.epochMs();
  }

  monotonicMs(): number {
    const looksMs = this.msPerLook === 0 ? 0 : this.lastLookMs + this.msPerLook;
    // A slow turn ends in the future of the others, and what follows waits for it.
    this.lastLookMs = Math.max(this.world.clock.monotonicMs(), Math.min(looksMs, this.turnEndMaxMs));
    return this.lastLookMs;
  }

  /** So far a turn may run ahead of virtual time. */
  private get turnEndMaxMs(): number {
    return this.world.clock.monotonicMs() + turnAheadMsMax;
  }

  setTimer(delayMs: number, callback: () => void): CancelTimer {
    return this.world.clock.setTimer(delayMs, () => this.run(callback));
  }

  nextTurn(callback: () => void): void {
    this.setTimer(this.random.next() * this.turnMsMax, callback);
  }

  /** Runs code of this process, as its event loop would. */
  run(callback: () => void): void {
    if (!this.isAlive) return;
    try {
      callback();
    } catch (error) {
      if (this.isAlive) this.onUncaught(error);
    }
  }
}

const turnAheadMsMax = 5;
