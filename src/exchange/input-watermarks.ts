import { MIN_WATERMARK, type StreamEvent } from '../protocol/stream-elements.js';
import { WatermarkValve } from './watermark-valve.js';

/**
 * The watermark of an operator from those of all its channels: of one input a valve's, of two the smaller of
 * their valves' (Flink's IndexedCombinedWatermarkStatus). Invariants: it never goes back; an idle or ended input
 * does not hold it; but one that is active again holds it at once, wherever it stands. Were it to catch up
 * first, as a channel within an input must, the elements that it brings would be late for the other side's.
 */
export class InputWatermarks {
  private readonly inputs: InputWatermark[];
  private readonly channels: readonly ChannelPlace[];
  private emittedWatermark = MIN_WATERMARK;
  private isIdle = false;

  /** `inputOfChannel`: for each channel of the gate, which of the operator's inputs it feeds. */
  constructor(inputOfChannel: readonly number[]) {
    const inputCount = Math.max(0, ...inputOfChannel) + 1;
    const channelCounts = new Array<number>(inputCount).fill(0);
    this.channels = inputOfChannel.map((input) => {
      const channel = channelCounts[input]!;
      channelCounts[input] = channel + 1;
      return { input, channel };
    });
    this.inputs = channelCounts.map((count) => ({
      valve: new WatermarkValve(count),
      watermark: MIN_WATERMARK,
      isIdle: false,
      openChannels: count,
    }));
  }

  /** A channel's own. */
  watermarkOf(channel: number): number {
    const at = this.channels[channel]!;
    return this.inputs[at.input]!.valve.watermarkOf(at.channel);
  }

  /** What the operator is to be told; mostly nothing. */
  onWatermark(channel: number, watermark: number): readonly StreamEvent[] {
    const at = this.channels[channel]!;
    const input = this.inputs[at.input]!;
    return this.combine(input, input.valve.onWatermark(at.channel, watermark));
  }

  onWatermarkStatus(channel: number, idle: boolean): readonly StreamEvent[] {
    const at = this.channels[channel]!;
    const input = this.inputs[at.input]!;
    return this.combine(input, input.valve.onWatermarkStatus(at.channel, idle));
  }

  /** The channel has delivered its end-of-input, once. */
  onEndOfInput(channel: number): readonly StreamEvent[] {
    const at = this.channels[channel]!;
    const input = this.inputs[at.input]!;
    input.openChannels -= 1;
    const events = this.combine(input, input.valve.onEndOfInput(at.channel));
    // It may have been what held the watermark back.
    return input.openChannels === 0 && this.inputs.length > 1 ? [...events, ...this.advance()] : events;
  }

  private combine(input: InputWatermark, events: readonly StreamEvent[]): readonly StreamEvent[] {
    if (this.inputs.length === 1 || events.length === 0) return events;
    for (const event of events) {
      if (event.kind === 'watermark') input.watermark = event.timestamp;
      else if (event.kind === 'watermark-status') input.isIdle = event.idle;
    }
    return this.advance();
  }

  private advance(): readonly StreamEvent[] {
    let minimum: number | undefined;
    let openInputs = 0;
    for (const { watermark, isIdle, openChannels } of this.inputs) {
      if (openChannels === 0) continue;
      openInputs += 1;
      if (!isIdle && (minimum === undefined || watermark < minimum)) minimum = watermark;
    }
    // The end of all input is not idleness: the sources' last watermark has been here before it.
    if (openInputs === 0) return nothing;
    const told: StreamEvent[] = [];
    if (this.isIdle && minimum !== undefined) told.push({ kind: 'watermark-status', idle: false });
    if (minimum !== undefined && minimum > this.emittedWatermark) {
      this.emittedWatermark = minimum;
      told.push({ kind: 'watermark', timestamp: minimum });
    }
    if (!this.isIdle && minimum === undefined) told.push({ kind: 'watermark-status', idle: true });
    this.isIdle = minimum === undefined;
    return told;
  }
}

interface InputWatermark {
  readonly valve: WatermarkValve;
  watermark: number;
  isIdle: boolean;
  openChannels: number;
}

interface ChannelPlace {
  readonly input: number;
  /** Its number within the input. */
  readonly channel: number;
}

const nothing: readonly StreamEvent[] = [];
