import { MillraceError } from '../protocol/failures.js';
import type { ChannelListener, ElementCursor, InputChannel } from './channel.js';
import { EventTimeTurns } from './event-time-turns.js';

/**
 * All input channels of a subtask, read in turns. Invariant: nothing is taken from a blocked channel, so what
 * is behind a barrier stays there until the snapshot is taken. A channel is numbered by its place here, which
 * every attempt gives it again.
 */
export class InputGate {
  private readonly channels: GateChannel[] = [];
  private readonly onAvailable: () => void;
  private readonly turns = new EventTimeTurns();
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

  /**
   * The next buffer of a channel that is not blocked; undefined when none has one.
   * @param watermarkOf a channel's, as far as it was read.
   */
  poll(watermarkOf: (channel: number) => number): GateBuffer | undefined {
    const number = this.turns.next({ count: this.channels.length, isReady: this.isReady, watermarkOf });
    if (number === undefined) return undefined;
    const { channel, inputIndex } = this.channels[number]!;
    const cursor = channel.poll();
    return cursor && { cursor, channel: number, inputIndex };
  }

  /** Whether `poll` would return a buffer. */
  get hasData(): boolean {
    return this.channels.some((_, number) => this.isReady(number));
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

  private readonly isReady = (number: number): boolean => {
    const { channel, state } = this.channels[number]!;
    return state === 'open' && channel.hasData;
  };

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
