import { BufferInputChannel, BufferOutputChannel } from '../exchange/buffer-channel.js';
import type { BufferPort, BufferPortListener } from '../exchange/buffer-port.js';
import type { ThreadChannel } from '../host/task-manager-launcher.js';
import type { ThreadChannelEnds } from '../task-manager/slot-channels.js';

/**
 * The channels between slots that all lie in one thread. Invariant: nothing is delivered from within a call
 * that sends, as on a MessagePort; a subtask that were called back in the middle of an element would see the
 * next one before it.
 */
export class SlotPorts {
  private readonly waiting: (() => void)[] = [];
  private readonly upstream = new Map<number, SlotPort>();
  private readonly downstream = new Map<number, SlotPort>();

  constructor(channels: readonly ThreadChannel[]) {
    for (const { index } of channels) {
      const upstream = new SlotPort(this.waiting);
      const downstream = new SlotPort(this.waiting);
      upstream.other = downstream;
      downstream.other = upstream;
      this.upstream.set(index, upstream);
      this.downstream.set(index, downstream);
    }
  }

  readonly ends: ThreadChannelEnds = {
    openOutput: (index, settings) => new BufferOutputChannel(portOf(this.upstream, index), settings),
    openInput: (index, name, listener) =>
      new BufferInputChannel(portOf(this.downstream, index), name, listener),
  };

  /** Hands over what was sent; whether there was anything. */
  deliver(): boolean {
    const due = this.waiting.splice(0);
    for (const hand of due) hand();
    return due.length > 0;
  }
}

class SlotPort implements BufferPort {
  other: SlotPort | undefined;
  private readonly waiting: (() => void)[];
  private listener: BufferPortListener | undefined;

  constructor(waiting: (() => void)[]) {
    this.waiting = waiting;
  }

  postBuffer(buffer: ArrayBuffer): void {
    this.waiting.push(() => this.other?.listener?.onBuffer(buffer));
  }

  postCredit(buffers: number): void {
    this.waiting.push(() => this.other?.listener?.onCredit(buffers));
  }

  listen(listener: BufferPortListener): void {
    this.listener = listener;
  }

  close(): void {
    this.listener = undefined;
  }
}

function portOf(ports: ReadonlyMap<number, SlotPort>, index: number): SlotPort {
  const port = ports.get(index);
  if (port === undefined) throw new Error(`There is no channel ${index} between slots.`);
  return port;
}
