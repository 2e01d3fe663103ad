import { describe, expect, it } from 'vitest';
import type { LagSignal } from '../../src/examples/market-lag/lag-signal.js';
import {
  type HourlyPrice,
  hourMs,
  newsDelayMsMax,
  type RssEvent,
} from '../../src/examples/market-lag/market-events.js';
import { MarketGenerator } from '../../src/examples/market-lag/market-generator.js';
import job from '../../src/examples/market-lag/market-lag.job.js';
import { marketLag } from '../../src/examples/market-lag/market-lag.js';
import { expectedSignals } from '../../src/examples/market-lag/market-lag-oracle.js';
import { openJobHarness } from '../../src/testing.js';

const sorted = (signals: readonly LagSignal[]): string[] =>
  signals.map((signal) => JSON.stringify(Object.entries(signal).sort())).sort();

describe('MarketLag', () => {
  it('finds what the oracle finds, also when restored with other parallelism in between', async () => {
    const generator = new MarketGenerator(7);
    const isUsed = ({ market_slug }: { market_slug: string }): boolean =>
      ['market-0', 'market-3', 'market-7', 'market-11', 'market-20', 'market-39'].includes(market_slug);
    const news = generator.news().filter(isUsed);
    const prices = generator.prices().filter(isUsed);

    const harness = await openJobHarness(job, { parallelism: 2 });
    const [newsInput, priceInput] = [harness.input<RssEvent>('news'), harness.input<HourlyPrice>('prices')];
    for (let hour = 0; hour < generator.hours; hour += 1) {
      const from = generator.startMs + hour * hourMs;
      // By the hour, as they come: what is late by some minutes comes with the next.
      const isOfHour = (atMs: number): boolean => atMs >= from && atMs < from + hourMs;
      await newsInput.processElements(news.filter((event) => isOfHour(event.published_at)).reverse());
      await newsInput.processWatermark(from + hourMs - newsDelayMsMax);
      await priceInput.processElements(prices.filter((price) => isOfHour(price.hour)));
      await priceInput.processWatermark(from);
      if (hour % 20 === 10)
        await harness.restore(await harness.snapshot(), { parallelism: hour === 30 ? 3 : 1 });
    }
    await newsInput.endInput();
    await priceInput.endInput();
    const expected = expectedSignals(news, prices);
    expect(expected.length).toBeGreaterThan(10);
    expect(sorted(harness.output<LagSignal>('signals').values)).toEqual(sorted(expected));
    expect(harness.numLateRecordsDropped).toBe(0);
    await harness.close();
  });

  it('has an oracle that knows a lag, a price that follows, and one that does not', () => {
    const at = (hour: number): number => generator.startMs + hour * hourMs;
    const generator = new MarketGenerator(1);
    const news = (market: string, counts: readonly number[]): RssEvent[] =>
      counts.flatMap((count, hour) =>
        Array.from({ length: count }, (_, i) => ({
          market_slug: market,
          title: '',
          published_at: at(hour) + i,
        })),
      );
    const prices = (market: string, hourly: readonly number[]): HourlyPrice[] =>
      hourly.map((price, hour) => ({ market_slug: market, outcome: 'yes', hour: at(hour), price }));
    const jumped = [1, 1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 1, 1, 1];
    const still = jumped.map(() => 0.5);
    const follows = still.map((price, hour) => (hour >= 8 ? 0.6 : price));
    const leads = still.map((price, hour) => (hour >= 6 ? 0.6 : price));
    const all = [
      ...['follows', 'leads', 'still'].map((market) => news(market, jumped)),
      news(
        'quiet',
        jumped.map(() => 1),
      ),
    ].flat();
    const signals = expectedSignals(all, [
      ...prices('follows', follows),
      ...prices('leads', leads),
      ...prices('still', still),
      ...prices('quiet', still),
    ]);
    expect(signals).toEqual([
      { kind: 'lag', market: 'follows', hour: at(6), news: 9, baseline: 1 },
      { kind: 'moved', market: 'follows', hour: at(8), lagHours: 2 },
      { kind: 'lag', market: 'still', hour: at(6), news: 9, baseline: 1 },
      { kind: 'expired', market: 'still', hour: at(12), lagHours: 6 },
    ]);
  });

  it('has a generator with a skewed market, idle ones, and the same events each time', () => {
    const [news, again] = [new MarketGenerator(1).news(), new MarketGenerator(1).news()];
    expect(news).toEqual(again);
    const ofMarket = (market: number): number =>
      news.filter((event) => event.market_slug === `market-${market}`).length;
    expect(ofMarket(0)).toBeGreaterThan(news.length * 0.3);
    expect([35, 36, 37, 38, 39].map(ofMarket)).toEqual([0, 0, 0, 0, 0]);
    const disorder = news.filter((event, i) => i > 0 && event.published_at < news[i - 1]!.published_at);
    expect(disorder.length).toBeGreaterThan(100);
  });

  it('says what is missing and what is unexpected', () => {
    const generator = new MarketGenerator(1);
    const right = expectedSignals(generator.news(), generator.prices());
    const run = { parallelism: 2, maxParallelism: 128 };
    expect(marketLag.check([...right].reverse(), run)).toMatchObject({ isRight: true });
    const { text, isRight } = marketLag.check([...right.slice(1), right[1]], run);
    expect(isRight).toBe(false);
    expect(text).toContain(`missing ${JSON.stringify([right[0]])}, unexpected ${JSON.stringify([right[1]])}`);
  });
});
