import { expect, it } from 'vitest';
import { WatermarkValve } from '../../src/exchange/watermark-valve.js';
import { TumblingEventTimeWindows } from '../../src/index.js';
import type { StreamEvent } from '../../src/protocol/stream-elements.js';
import { idle, record, type Step, watermark } from '../operators/operator-harness.js';
import { type Hit, reduced, runWindows } from './windowed-run.js';

/**
 * Windows behind two input channels, of which one is quiet for a while, as Flink's documentation of idle
 * sources has it: what the gate's valve says is what the operator hears.
 */
class TwoChannels {
  readonly steps: Step<Hit>[] = [];
  private readonly valve = new WatermarkValve(2);

  hit(n: number, timestamp: number): this {
    this.steps.push(record({ key: 'a', n }, timestamp));
    return this;
  }

  watermark(channel: number, timestamp: number): this {
    return this.hear(this.valve.onWatermark(channel, timestamp));
  }

  idle(channel: number, isIdle: boolean): this {
    return this.hear(this.valve.onWatermarkStatus(channel, isIdle));
  }

  private hear(events: readonly StreamEvent[]): this {
    for (const event of events) {
      if (event.kind === 'watermark') this.steps.push(watermark(event.timestamp));
      else if (event.kind === 'watermark-status') this.steps.push(idle(event.idle));
    }
    return this;
  }
}

const run = (input: TwoChannels) =>
  runWindows((hits) => reduced(hits.window(TumblingEventTimeWindows.of(10))), input.steps);

it('A channel that is behind holds a window open', async () => {
  const { results } = await run(
    new TwoChannels().hit(1, 1).watermark(0, 20).watermark(1, 8).hit(2, 9).watermark(1, 9),
  );
  expect(results).toEqual(['a [0,10) 3']);
});

it('An idle channel does not hold a window open', async () => {
  const { results } = await run(new TwoChannels().hit(1, 1).watermark(0, 20).idle(1, true).hit(2, 2));
  expect(results).toEqual(['a [0,10) 1']);
});

it('A channel that is active again does not turn time back: what it brings behind the watermark is late', async () => {
  const input = new TwoChannels().hit(1, 1).watermark(0, 20).idle(1, true).idle(1, false);
  const { results, late } = await run(
    input.watermark(1, 5).hit(2, 6).hit(4, 21).watermark(0, 29).watermark(1, 29),
  );
  expect(results).toEqual(['a [0,10) 1', 'a [20,30) 4']);
  expect(late).toEqual([2]);
});

it('A channel that is active again and behind does not hold time up until it has caught up', async () => {
  const input = new TwoChannels().watermark(0, 20).idle(1, true).idle(1, false).watermark(1, 5);
  const { results } = await run(input.hit(1, 22).watermark(0, 29));
  expect(results).toEqual(['a [20,30) 1']);
});

it('When all channels are idle, time goes on to the furthest of them', async () => {
  const { results } = await run(
    new TwoChannels().hit(1, 1).watermark(0, 20).watermark(1, 3).idle(0, true).idle(1, true),
  );
  expect(results).toEqual(['a [0,10) 1']);
});
