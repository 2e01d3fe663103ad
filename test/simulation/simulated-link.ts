import type { SimulatedRandom } from './simulated-random.js';
import type { SimulatedWorld } from './simulated-world.js';

/**
 * One direction of a port: messages arrive late, in order, and share nothing with what was posted. What its
 * sender posted before it died still arrives.
 */
export class SimulatedLink<Message> {
  private readonly world: SimulatedWorld;
  private readonly random: SimulatedRandom;
  private readonly delayMsMax: number;
  private readonly deliver: (message: Message) => void;
  private lastArrivalMs = 0;
  private isCut = false;

  constructor(world: SimulatedWorld, delayMsMax: number, deliver: (message: Message) => void) {
    this.world = world;
    this.random = world.random.fork();
    this.delayMsMax = delayMsMax;
    this.deliver = deliver;
  }

  post(message: Message, transfer: readonly ArrayBuffer[] = []): void {
    const copy = structuredClone(message, { transfer: [...transfer] });
    const { clock } = this.world;
    const wishedMs = clock.monotonicMs() + this.random.next() * this.delayMsMax;
    const arrivalMs = Math.max(wishedMs, this.lastArrivalMs + orderingGapMs);
    this.lastArrivalMs = arrivalMs;
    clock.setTimer(arrivalMs - clock.monotonicMs(), () => {
      if (!this.isCut) this.deliver(copy);
    });
  }

  /** What is on its way is lost. */
  cut(): void {
    this.isCut = true;
  }
}

/** Timers of one instant fire in any order; messages of one port must not. */
const orderingGapMs = 1e-6;
