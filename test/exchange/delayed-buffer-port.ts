import type { BufferPort, BufferPortListener } from '../../src/exchange/buffer-port.js';

/**
 * A pair of ports whose messages arrive when the test says so, and which, like a MessagePort, detaches a
 * buffer as it is posted, so that a writer which goes on using it is found out.
 */
export class DelayedBufferPorts {
  readonly sending: BufferPort;
  readonly receiving: BufferPort;
  /** Sent and not yet credited: what the receiver's memory must hold. */
  buffersOutstanding = 0;
  buffersOutstandingMax = 0;
  private readonly underWay: (() => void)[] = [];
  private readonly listeners: { sending?: BufferPortListener; receiving?: BufferPortListener } = {};

  constructor() {
    this.sending = this.end('sending', 'receiving');
    this.receiving = this.end('receiving', 'sending');
  }

  /** Delivers the oldest message that is under way; false when there is none. */
  deliverNext(): boolean {
    const deliver = this.underWay.shift();
    deliver?.();
    return deliver !== undefined;
  }

  private end(own: 'sending' | 'receiving', other: 'sending' | 'receiving'): BufferPort {
    return {
      postBuffer: (buffer) => {
        this.buffersOutstanding += 1;
        this.buffersOutstandingMax = Math.max(this.buffersOutstandingMax, this.buffersOutstanding);
        const moved = structuredClone(buffer, { transfer: [buffer] });
        this.underWay.push(() => this.listeners[other]?.onBuffer(moved));
      },
      postCredit: (buffers) => {
        this.buffersOutstanding -= buffers;
        this.underWay.push(() => this.listeners[other]?.onCredit(buffers));
      },
      listen: (listener) => {
        this.listeners[own] = listener;
      },
      close: () => {
        delete this.listeners[own];
      },
    };
  }
}
