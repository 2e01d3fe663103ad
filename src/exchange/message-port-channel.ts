import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { BufferInputChannel, BufferOutputChannel } from './buffer-channel.js';
import type { BufferPort, BufferPortListener } from './buffer-port.js';
import type { ChannelListener, InputChannel, OutputChannel } from './channel.js';
import type { ChannelSettings } from './credit-flow.js';
import type { EncodedRecordDecoder } from './encoded-record.js';

/** The sending end of a channel to another thread, on one end of a MessageChannel. */
export function messagePortOutputChannel(port: MessagePort, settings: ChannelSettings): OutputChannel {
  return new BufferOutputChannel(new MessagePortBufferPort(port), settings);
}

/** The receiving end. `name` is for errors: which subtask sends to which. */
export function messagePortInputChannel(
  port: MessagePort,
  name: string,
  listener: ChannelListener,
  decoder?: EncodedRecordDecoder,
): InputChannel {
  return new BufferInputChannel(new MessagePortBufferPort(port), name, listener, decoder);
}

/** The two ports of a channel between threads; each is transferred to the thread of its end. */
export function openMessagePorts(): { readonly output: MessagePort; readonly input: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  return { output: port1, input: port2 };
}

/** A message is a buffer, which moves to the other thread without being copied, or a number of credits. */
class MessagePortBufferPort implements BufferPort {
  private readonly port: MessagePort;

  constructor(port: MessagePort) {
    this.port = port;
  }

  postBuffer(buffer: ArrayBuffer): void {
    this.port.postMessage(buffer, [buffer]);
  }

  postCredit(buffers: number): void {
    this.port.postMessage(buffers);
  }

  listen(listener: BufferPortListener): void {
    this.port.on('message', (message: ArrayBuffer | number) => {
      if (typeof message === 'number') listener.onCredit(message);
      else listener.onBuffer(message);
    });
  }

  close(): void {
    this.port.removeAllListeners('message');
    this.port.close();
  }
}
