import { MillraceError } from '../protocol/failures.js';
import { MIN_WATERMARK, type StreamEvent } from '../protocol/stream-elements.js';

/**
 * The watermark of one operator input from those of its channels: the minimum over the channels that are
 * active and aligned. Invariants: it never goes back; an idle channel does not hold it, and one that becomes
 * active again does not pull it back but must catch up first; an ended channel counts no longer. Without
 * them one quiet partition stops all windows, or a late one makes records late that were not.
 */
export class WatermarkValve {
  private readonly channels: ChannelWatermark[];
  private emittedWatermark = MIN_WATERMARK;
  private isIdle = false;

  /** `restored` is of a snapshot with as many channels. */
  constructor(channelCount: number, restored?: WatermarkValveSnapshot) {
    const initial: ChannelWatermark = { watermark: MIN_WATERMARK, isAligned: true, status: 'active' };
    this.channels = Array.from({ length: channelCount }, () => ({ ...initial }));
    if (restored === undefined) return;
    if (restored.channels.length !== channelCount) {
      throw new MillraceError(
        `A snapshot of the watermarks of ${restored.channels.length} input channels can't be restored to ${channelCount} channels: the parallelism has changed.`,
        { domain: 'internal', action: 'fail-job' },
      );
    }
    this.channels = restored.channels.map((channel) => ({ ...channel }));
    this.emittedWatermark = restored.emittedWatermark;
    this.isIdle = restored.isIdle;
  }

  /** What the operator is to be told; mostly nothing. */
  onWatermark(channel: number, watermark: number): readonly StreamEvent[] {
    const of = this.channels[channel]!;
    // An idle channel says nothing until it is active again; and no channel's time goes back.
    if (of.status !== 'active' || watermark <= of.watermark) return nothing;
    of.watermark = watermark;
    if (watermark >= this.emittedWatermark) of.isAligned = true;
    return this.advanceTo(this.minimumOfAligned());
  }

  onWatermarkStatus(channel: number, idle: boolean): readonly StreamEvent[] {
    const of = this.channels[channel]!;
    if (of.status === 'ended' || idle === (of.status === 'idle')) return nothing;
    if (!idle) {
      of.status = 'active';
      of.isAligned = of.watermark >= this.emittedWatermark;
      if (!this.isIdle) return nothing;
      this.isIdle = false;
      return [{ kind: 'watermark-status', idle: false }];
    }
    of.status = 'idle';
    of.isAligned = false;
    return this.afterLeaving();
  }

  /** The channel has delivered its end-of-input. */
  onEndOfInput(channel: number): readonly StreamEvent[] {
    const of = this.channels[channel]!;
    if (of.status === 'ended') return nothing;
    of.status = 'ended';
    of.isAligned = false;
    return this.afterLeaving();
  }

  /** The channel's own. */
  watermarkOf(channel: number): number {
    return this.channels[channel]!.watermark;
  }

  snapshot(): WatermarkValveSnapshot {
    return {
      channels: this.channels.map((channel) => ({ ...channel })),
      emittedWatermark: this.emittedWatermark,
      isIdle: this.isIdle,
    };
  }

  /** A channel is out of the minimum: it may have been what held the watermark back. */
  private afterLeaving(): readonly StreamEvent[] {
    if (this.channels.some((channel) => channel.status === 'active')) {
      return this.advanceTo(this.minimumOfAligned());
    }
    // The end of all input is not idleness: the task closes the stream.
    if (this.channels.every((channel) => channel.status === 'ended')) return nothing;
    if (this.isIdle) return nothing;
    this.isIdle = true;
    // Nobody is left to wait for, so time goes on to the furthest that any of the idle ones has been.
    const idle = this.channels.filter((channel) => channel.status === 'idle');
    const furthest = Math.max(...idle.map((channel) => channel.watermark));
    return [...this.advanceTo(furthest), { kind: 'watermark-status', idle: true }];
  }

  /** Undefined while every active channel is still catching up. */
  private minimumOfAligned(): number | undefined {
    let minimum: number | undefined;
    for (const channel of this.channels) {
      if (!channel.isAligned) continue;
      if (minimum === undefined || channel.watermark < minimum) minimum = channel.watermark;
    }
    return minimum;
  }

  private advanceTo(watermark: number | undefined): readonly StreamEvent[] {
    if (watermark === undefined || watermark <= this.emittedWatermark) return nothing;
    this.emittedWatermark = watermark;
    return [{ kind: 'watermark', timestamp: watermark }];
  }
}

/** Plain JSON. */
export type WatermarkValveSnapshot = {
  readonly channels: readonly Readonly<ChannelWatermark>[];
  readonly emittedWatermark: number;
  readonly isIdle: boolean;
};

type ChannelWatermark = {
  watermark: number;
  /** Whether it has caught up with what was emitted, and so takes part in the minimum; false unless active. */
  isAligned: boolean;
  status: 'active' | 'idle' | 'ended';
};

const nothing: readonly StreamEvent[] = [];
