import { seededHash } from '../../demo/seeded-hash.js';
import { type HourlyPrice, hourMs, newsDelayMsMax, type RssEvent } from './market-events.js';

/**
 * Three days of made-up markets: market 0 has nearly half of all news, the last ones have none, and now and then
 * the news of one jumps, with its price behind by some hours, or at once.
 */
export class MarketGenerator {
  private readonly seed: number;
  readonly markets = 40;
  readonly idleMarkets = 5;
  readonly hours = 72;
  /** 2025-01-06T00:00:00Z. */
  readonly startMs = 1_736_121_600_000;

  constructor(seed: number) {
    this.seed = seed;
  }

  slugOf(market: number): string {
    return `market-${market}`;
  }

  /** In the order of their arrival: a feed is late by some minutes, each time by others. */
  news(): RssEvent[] {
    const arrivals: { readonly atMs: number; readonly event: RssEvent }[] = [];
    for (let market = 0; market < this.markets; market += 1) {
      for (let hour = 0; hour < this.hours; hour += 1) {
        for (let n = 0; n < this.newsCount(market, hour); n += 1) {
          const publishedAt = this.startMs + hour * hourMs + this.draw(market, hour, 10 + 2 * n, hourMs);
          const delayMs = this.draw(market, hour, 11 + 2 * n, newsDelayMsMax);
          const title = `News ${n} of hour ${hour}`;
          const event = { market_slug: this.slugOf(market), title, published_at: publishedAt };
          arrivals.push({ atMs: publishedAt + delayMs, event });
        }
      }
    }
    return arrivals.sort((a, b) => a.atMs - b.atMs).map(({ event }) => event);
  }

  prices(): HourlyPrice[] {
    const isHigh = Array.from({ length: this.markets }, () => false);
    const prices: HourlyPrice[] = [];
    for (let hour = 0; hour < this.hours; hour += 1) {
      for (let market = 0; market < this.markets; market += 1) {
        if (this.movesAt(market, hour)) isHigh[market] = !isHigh[market];
        const noise = this.draw(market, hour, 3, 100) / 10_000;
        const yes = (isHigh[market] === true ? 0.6 : 0.4) + noise;
        const at = { market_slug: this.slugOf(market), hour: this.startMs + hour * hourMs };
        prices.push({ ...at, outcome: 'yes', price: yes }, { ...at, outcome: 'no', price: 1 - yes });
      }
    }
    return prices;
  }

  private newsCount(market: number, hour: number): number {
    if (market >= this.markets - this.idleMarkets) return 0;
    const usual = (market === 0 ? 50 : market % 3) + this.draw(market, hour, 0, 3);
    return this.jumpsAt(market, hour) ? usual * 6 + 6 : usual;
  }

  /** Once in some thirty hours. */
  private jumpsAt(market: number, hour: number): boolean {
    return hour >= 0 && market < this.markets - this.idleMarkets && this.draw(market, hour, 1, 30) === 0;
  }

  /** A jump of the news is followed after 0 to 3 hours, or not within the hours that anybody would wait. */
  private movesAt(market: number, hour: number): boolean {
    return [0, 1, 2, 3].some(
      (lag) => this.jumpsAt(market, hour - lag) && this.draw(market, hour - lag, 2, 5) === lag,
    );
  }

  /** A whole number below `bound`, always the same for the same place. */
  private draw(market: number, hour: number, use: number, bound: number): number {
    return seededHash(this.seed, market * this.hours + hour, use) % bound;
  }
}
