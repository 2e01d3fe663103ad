import { MillraceError } from '../protocol/failures.js';
import type { ChannelListener, ElementCursor, InputChannel } from './channel.js';

/**
 * All input channels of a subtask, read in turn. Invariant: nothing is taken from a blocked channel, so what
 * is behind a barrier stays there until the snapshot is taken. A channel is numbered by its place here, which
 * every attempt gives it again.
 */
export class InputGate {
  private readonly channels: GateChannel[] = [];
  private readonly onAvailable: () => void;
  private next = 0;
  private openChannels = 0;

  /** `onAvailable` is called when a channel that is not blocked has data after it had none. */
  constructor(onAvailable: () => void) {
    this.onAvailable = onAvailable;
  }

  /**
   * Adds a channel; all are added before the first `poll`.
   * @param inputIndex which input of the operator it feeds.
   * @returns the channel's number.
   */
  addChannel(inputIndex: number, open: (listener: ChannelListener) => InputChannel): number {
    const number = this.channels.length;
    const listener: ChannelListener = { onAvailable: () => this.onChannelAvailable(number) };
    this.channels.push({ channel: open(listener), inputIndex, state: 'open' });
    this.openChannels += 1;
    return number;
  }

  get channelCount(): number {
    return this.channels.length;
  }

  /** Whether every channel has delivered its end-of-input. */
  get isFinished(): boolean {
    return this.openChannels === 0;
  }

  inputIndexOf(channel: number): number {
    return this.at(channel).inputIndex;
  }

  /** The next buffer of a channel that is not blocked, each channel in its turn; undefined when none has one. */
  poll(): GateBuffer | undefined {
    const count = this.channels.length;
    for (let tried = 0; tried < count; tried++) {
      const number = this.next;
      const { channel, inputIndex, state } = this.channels[number]!;
      this.next = number + 1 === count ? 0 : number + 1;
      if (state !== 'open' || !channel.hasData) continue;
      const cursor = channel.poll();
      if (cursor !== undefined) return { cursor, channel: number, inputIndex };
    }
    return undefined;
  }

  /** Whether `poll` would return a buffer. */
  get hasData(): boolean {
    return this.channels.some(({ channel, state }) => state === 'open' && channel.hasData);
  }

  block(channel: number): void {
    const of = this.at(channel);
    if (of.state === 'open') of.state = 'blocked';
  }

  /** The caller polls afterwards: what waits behind the barriers makes no further call of `onAvailable`. */
  unblockAll(): void {
    for (const channel of this.channels) if (channel.state === 'blocked') channel.state = 'open';
  }

  /** The channel has delivered its end-of-input, which is the last element of its last buffer. */
  finish(channel: number): void {
    const of = this.at(channel);
    if (of.state === 'finished') return;
    of.state = 'finished';
    this.openChannels -= 1;
    of.channel.close();
  }

  close(): void {
    for (const { channel, state } of this.channels) if (state !== 'finished') channel.close();
  }

  private onChannelAvailable(number: number): void {
    // Data can come before `addChannel` is done with a channel; the first poll finds it.
    if (this.channels[number]?.state === 'open') this.onAvailable();
  }

  private at(channel: number): GateChannel {
    const found = this.channels[channel];
    if (found !== undefined) return found;
    throw new MillraceError(`There is no input channel ${channel}; there are ${this.channels.length}.`, {
      domain: 'internal',
      action: 'restart',
    });
  }
}

/** A buffer to process, and where it came from. */
export interface GateBuffer {
  readonly cursor: ElementCursor;
  readonly channel: number;
  /** Which input of the operator it feeds. */
  readonly inputIndex: number;
}

interface GateChannel {
  readonly channel: InputChannel;
  readonly inputIndex: number;
  state: 'open' | 'blocked' | 'finished';
}
