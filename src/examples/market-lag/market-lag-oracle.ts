import { type LagSignal, lagRule } from './lag-signal.js';
import { type HourlyPrice, hourMs, type RssEvent } from './market-events.js';

/** The signals, worked out market by market from all events at once: no time, no windows, no state. */
export function expectedSignals(news: readonly RssEvent[], prices: readonly HourlyPrice[]): LagSignal[] {
  const markets = [...new Set([...news, ...prices].map((each) => each.market_slug))];
  const hours = [...new Set(prices.map((price) => price.hour))].sort((a, b) => a - b);
  return markets.flatMap((market) => {
    const newsOfMarket = news.filter((event) => event.market_slug === market);
    const pricesOfMarket = prices.filter((price) => price.market_slug === market);
    const counts = hours.map((hour) => newsIn(newsOfMarket, hour));
    const moves = hours.map((hour) => largestMove(pricesOfMarket, hour));
    return signalsOf(market, hours, counts, moves);
  });
}

function signalsOf(
  market: string,
  hours: readonly number[],
  counts: readonly number[],
  moves: readonly number[],
): LagSignal[] {
  const signals: LagSignal[] = [];
  const { baselineHours, newsMin, jumpFactor, moveMin, watchHours } = lagRule;
  let at = baselineHours;
  while (at < hours.length) {
    const before = counts.slice(at - baselineHours, at);
    const baseline = before.reduce((sum, count) => sum + count, 0) / baselineHours;
    const news = counts[at]!;
    const isLag = news >= newsMin && news >= jumpFactor * baseline && moves[at]! < moveMin;
    if (!isLag) {
      at += 1;
      continue;
    }
    signals.push({ kind: 'lag', market, hour: hours[at]!, news, baseline });
    const later = moves.slice(at + 1, at + 1 + watchHours);
    const moved = later.findIndex((move) => move >= moveMin);
    const lagHours = moved === -1 ? watchHours : moved + 1;
    const end = hours[at + lagHours];
    // Nobody knows yet what comes after the last hour.
    if (end === undefined) break;
    signals.push({ kind: moved === -1 ? 'expired' : 'moved', market, hour: end, lagHours });
    at += lagHours;
  }
  return signals;
}

function newsIn(news: readonly RssEvent[], hour: number): number {
  return news.filter((event) => Math.floor(event.published_at / hourMs) * hourMs === hour).length;
}

function largestMove(prices: readonly HourlyPrice[], hour: number): number {
  const before = prices.filter((price) => price.hour === hour - hourMs);
  const moves = prices
    .filter((price) => price.hour === hour)
    .map(({ outcome, price }) => {
      const last = before.find((other) => other.outcome === outcome)?.price ?? price;
      return Math.abs(price - last);
    });
  return Math.max(0, ...moves);
}
