import type { BufferPort, BufferPortListener } from '../../src/exchange/buffer-port.js';
import { SimulatedLink } from './simulated-link.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { SimulatedWorld } from './simulated-world.js';

/** The two ends of a channel between two simulated threads. */
export function connectBufferPorts(
  world: SimulatedWorld,
  name: string,
  upstream: SimulatedProcess,
  downstream: SimulatedProcess,
  delayMsMax: number,
): { readonly upstream: BufferPort; readonly downstream: BufferPort } {
  const up = new SimulatedBufferPort(upstream, name);
  const down = new SimulatedBufferPort(downstream, name);
  up.outgoing = new SimulatedLink(world, delayMsMax, (message) => down.receive(message));
  down.outgoing = new SimulatedLink(world, delayMsMax, (message) => up.receive(message));
  return { upstream: up, downstream: down };
}

/** As on a MessagePort: a buffer, or a number of credits. */
type BufferPortMessage = ArrayBuffer | number;

class SimulatedBufferPort implements BufferPort {
  outgoing: SimulatedLink<BufferPortMessage> | undefined;
  private readonly owner: SimulatedProcess;
  private readonly name: string;
  private listener: BufferPortListener | undefined;
  private isListening = false;
  private readonly early: BufferPortMessage[] = [];
  private isClosed = false;

  constructor(owner: SimulatedProcess, name: string) {
    this.owner = owner;
    this.name = name;
  }

  postBuffer(buffer: ArrayBuffer): void {
    this.owner.perform(`${this.name} buffer of ${buffer.byteLength}`, () => {
      this.outgoing?.post(buffer, [buffer]);
    });
  }

  postCredit(buffers: number): void {
    this.owner.perform(`${this.name} credit`, () => this.outgoing?.post(buffers));
  }

  listen(listener: BufferPortListener): void {
    if (this.listener !== undefined) throw new Error(`Two listeners on ${this.name}.`);
    this.listener = listener;
    // Never synchronously: a MessagePort would not either.
    this.owner.setTimer(0, () => {
      this.isListening = true;
      for (const message of this.early.splice(0)) this.hand(message);
    });
  }

  close(): void {
    this.isClosed = true;
  }

  receive(message: BufferPortMessage): void {
    if (this.isClosed || !this.owner.isAlive) return;
    if (this.isListening) this.hand(message);
    else this.early.push(message);
  }

  private hand(message: BufferPortMessage): void {
    const { listener } = this;
    if (this.isClosed || listener === undefined) return;
    this.owner.run(() => {
      if (typeof message === 'number') listener.onCredit(message);
      else listener.onBuffer(message);
    });
  }
}
