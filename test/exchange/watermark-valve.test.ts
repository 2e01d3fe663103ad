import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WatermarkValve } from '../../src/exchange/watermark-valve.js';
import { MAX_WATERMARK, MIN_WATERMARK, type StreamEvent } from '../../src/protocol/stream-elements.js';

const watermark = (timestamp: number): StreamEvent => ({ kind: 'watermark', timestamp });
const idle: StreamEvent = { kind: 'watermark-status', idle: true };
const active: StreamEvent = { kind: 'watermark-status', idle: false };

describe('the watermark valve', () => {
  it('gives the minimum of its channels, once all have one', () => {
    const valve = new WatermarkValve(2);
    expect(valve.onWatermark(0, 10)).toEqual([]);
    expect(valve.onWatermark(1, 5)).toEqual([watermark(5)]);
    expect(valve.onWatermark(1, 20)).toEqual([watermark(10)]);
  });

  it('does not go back with a channel that goes back', () => {
    const valve = new WatermarkValve(1);
    expect(valve.onWatermark(0, 10)).toEqual([watermark(10)]);
    expect(valve.onWatermark(0, 9)).toEqual([]);
    expect(valve.onWatermark(0, 10)).toEqual([]);
  });

  it('leaves an idle channel out, so that it does not hold the others', () => {
    const valve = new WatermarkValve(2);
    valve.onWatermark(0, 10);
    expect(valve.onWatermarkStatus(1, true)).toEqual([watermark(10)]);
    expect(valve.onWatermark(0, 20)).toEqual([watermark(20)]);
  });

  it('lets a channel that is active again catch up before it counts', () => {
    const valve = new WatermarkValve(2);
    valve.onWatermarkStatus(1, true);
    valve.onWatermark(0, 20);
    expect(valve.onWatermarkStatus(1, false)).toEqual([]);
    expect(valve.onWatermark(1, 5)).toEqual([]);
    expect(valve.onWatermark(0, 30)).toEqual([watermark(30)]);
    expect(valve.onWatermark(1, 30)).toEqual([]);
    expect(valve.onWatermark(0, 40)).toEqual([]);
    expect(valve.onWatermark(1, 35)).toEqual([watermark(35)]);
  });

  it('waits while every active channel is still catching up', () => {
    const valve = new WatermarkValve(2);
    valve.onWatermarkStatus(1, true);
    valve.onWatermark(0, 20);
    valve.onWatermarkStatus(1, false);
    expect(valve.onWatermarkStatus(0, true)).toEqual([]);
    expect(valve.onWatermark(1, 15)).toEqual([]);
    expect(valve.onWatermark(1, 25)).toEqual([watermark(25)]);
  });

  it('is idle when all its channels are, after it has gone on to the furthest of them', () => {
    const valve = new WatermarkValve(2);
    valve.onWatermark(0, 10);
    valve.onWatermark(1, 30);
    expect(valve.onWatermarkStatus(0, true)).toEqual([watermark(30)]);
    expect(valve.onWatermarkStatus(1, true)).toEqual([idle]);
    expect(valve.onWatermarkStatus(0, false)).toEqual([active]);
  });

  it('goes on to the furthest idle channel when the last active one held it back', () => {
    const valve = new WatermarkValve(2);
    valve.onWatermark(0, 10);
    valve.onWatermark(1, 30);
    valve.onWatermarkStatus(1, true);
    expect(valve.onWatermarkStatus(0, true)).toEqual([watermark(30), idle]);
  });

  it('lets an ended channel leave the minimum', () => {
    const valve = new WatermarkValve(2);
    valve.onWatermark(0, 10);
    valve.onWatermark(1, 30);
    expect(valve.onEndOfInput(0)).toEqual([watermark(30)]);
    expect(valve.onWatermark(1, 40)).toEqual([watermark(40)]);
  });

  it('is idle when the channels that have not ended are', () => {
    const valve = new WatermarkValve(2);
    valve.onWatermarkStatus(0, true);
    expect(valve.onEndOfInput(1)).toEqual([idle]);
    expect(valve.onWatermarkStatus(0, false)).toEqual([active]);
  });

  it('says nothing when the last channel ends: that is not idleness', () => {
    const valve = new WatermarkValve(1);
    expect(valve.onWatermark(0, MAX_WATERMARK)).toEqual([watermark(MAX_WATERMARK)]);
    expect(valve.onEndOfInput(0)).toEqual([]);
  });

  it('refuses a snapshot of another number of channels', () => {
    const snapshot = new WatermarkValve(2).snapshot();
    expect(() => new WatermarkValve(3, snapshot)).toThrow("2 input channels can't be restored to 3");
  });

  type Step =
    | { readonly kind: 'watermark'; readonly channel: number; readonly timestamp: number }
    | { readonly kind: 'status'; readonly channel: number; readonly idle: boolean }
    | { readonly kind: 'end'; readonly channel: number };
  const channelCount = 3;
  const channel = fc.nat(channelCount - 1);
  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('watermark' as const), channel, timestamp: fc.nat(50) }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('status' as const), channel, idle: fc.boolean() }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), channel }) },
    ),
    { maxLength: 80 },
  );
  const apply = (valve: WatermarkValve, step: Step): readonly StreamEvent[] => {
    if (step.kind === 'watermark') return valve.onWatermark(step.channel, step.timestamp);
    if (step.kind === 'status') return valve.onWatermarkStatus(step.channel, step.idle);
    return valve.onEndOfInput(step.channel);
  };

  it('agrees with a naive model on every order of events', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const valve = new WatermarkValve(channelCount);
        const model = new NaiveValve(channelCount);
        for (const step of sequence) {
          expect(apply(valve, step)).toEqual(model.apply(step.channel, step));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('goes on after a restore as it would have without one', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const valve = new WatermarkValve(channelCount);
        for (const step of before) apply(valve, step);
        const restored = new WatermarkValve(channelCount, JSON.parse(JSON.stringify(valve.snapshot())));
        for (const step of after) expect(apply(restored, step)).toEqual(apply(valve, step));
      }),
    );
  });

  /** Recomputes everything from the channels' histories at each step, by the rules as sentences. */
  class NaiveValve {
    private readonly channels: { time: number; now: 'active' | 'idle' | 'ended'; behind: boolean }[];
    private emitted = MIN_WATERMARK;
    private wasIdle = false;

    constructor(count: number) {
      this.channels = Array.from({ length: count }, () => ({
        time: MIN_WATERMARK,
        now: 'active',
        behind: false,
      }));
    }

    apply(index: number, step: Step): StreamEvent[] {
      const of = this.channels[index]!;
      if (of.now === 'ended') return [];
      if (step.kind === 'watermark' && of.now === 'active') of.time = Math.max(of.time, step.timestamp);
      if (step.kind === 'status' && step.idle !== (of.now === 'idle')) {
        of.now = step.idle ? 'idle' : 'active';
        of.behind = true;
      }
      if (step.kind === 'end') of.now = 'ended';
      if (of.now === 'active' && of.time >= this.emitted) of.behind = false;
      return [...this.status('before'), ...this.time(), ...this.status('after')];
    }

    private time(): StreamEvent[] {
      const counted = this.channels.filter(({ now, behind }) => now === 'active' && !behind);
      const idleOnes = this.channels.filter(({ now }) => now === 'idle');
      const hasActive = this.channels.some(({ now }) => now === 'active');
      const times = counted.map(({ time }) => time);
      let next = counted.length > 0 ? Math.min(...times) : MIN_WATERMARK;
      if (!hasActive && idleOnes.length > 0) next = Math.max(...idleOnes.map(({ time }) => time));
      if (next <= this.emitted) return [];
      this.emitted = next;
      return [watermark(next)];
    }

    /** Activity is told before the time that it brings, idleness after the time it lets go on. */
    private status(when: 'before' | 'after'): StreamEvent[] {
      const isIdle =
        this.channels.some(({ now }) => now === 'idle') && !this.channels.some(({ now }) => now === 'active');
      const hasActive = this.channels.some(({ now }) => now === 'active');
      if (when === 'before' && this.wasIdle && hasActive) {
        this.wasIdle = false;
        return [active];
      }
      if (when === 'after' && !this.wasIdle && isIdle) {
        this.wasIdle = true;
        return [idle];
      }
      return [];
    }
  }
});
