/** What the job reads: `rss.events`, with the market's slug as the records' key. */
export interface RssEvent {
  readonly market_slug: string;
  readonly title: string;
  /** Epoch ms. */
  readonly published_at: number;
}

/** `polymarket.price_hourly`, with `market_slug|outcome` as the records' key. */
export interface HourlyPrice {
  readonly market_slug: string;
  readonly outcome: string;
  /** The hour's beginning, epoch ms. */
  readonly hour: number;
  /** At the hour's end, 0 … 1. */
  readonly price: number;
}

export const newsTopic = 'rss.events';
export const pricesTopic = 'polymarket.price_hourly';
export const signalsTopic = 'market-lag.signals';

export const hourMs = 3_600_000;
/** A feed brings news so late at most. */
export const newsDelayMsMax = 240_000;
