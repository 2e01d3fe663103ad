import {
  type Collector,
  defineJob,
  json,
  kafkaSink,
  kafkaSource,
  type ProcessWindowContext,
  ProcessWindowFunction,
  type TimeWindow,
  TumblingEventTimeWindows,
  Watermarks,
} from '../../index.js';
import { DetectLag, type MarketHour } from './detect-lag.js';
import type { LagSignal } from './lag-signal.js';
import {
  type HourlyPrice,
  newsDelayMsMax,
  newsTopic,
  pricesTopic,
  type RssEvent,
  signalsTopic,
} from './market-events.js';
import { type PriceMove, PriceMoves } from './price-moves.js';

interface NewsCount {
  readonly market: string;
  readonly hour: number;
  readonly news: number;
}

class WithMarketAndHour extends ProcessWindowFunction<string, number, NewsCount, TimeWindow> {
  override process(
    market: string,
    context: ProcessWindowContext<TimeWindow>,
    [news = 0]: readonly number[],
    out: Collector<NewsCount>,
  ): void {
    out.collect({ market, hour: context.window.start, news });
  }
}

/** Counts news by market and hour, sets it beside the moves of the market's prices, and tells where they lag. */
export default defineJob('market-lag', { parallelism: 2 }, (env) => {
  const hour = TumblingEventTimeWindows.of('1h');
  const news = env
    .fromSource(kafkaSource({ topics: newsTopic, bounded: 'latest', value: json<RssEvent>() }), {
      uid: 'news',
      watermarks: Watermarks.boundedOutOfOrderness(newsDelayMsMax, (event) => event.published_at),
    })
    .keyBy((event) => event.market_slug)
    .window(hour)
    .aggregate(
      { createAccumulator: () => 0, add: (_event, count) => count + 1, getResult: (count) => count },
      new WithMarketAndHour(),
      { uid: 'news-by-hour' },
    );
  const moves = env
    .fromSource(kafkaSource({ topics: pricesTopic, bounded: 'latest', value: json<HourlyPrice>() }), {
      uid: 'prices',
      watermarks: Watermarks.monotonous((price) => price.hour),
    })
    .keyBy((price) => `${price.market_slug}|${price.outcome}`)
    .process(new PriceMoves(), { uid: 'moves' });
  news
    .coGroup<PriceMove>(moves)
    .where((count) => count.market)
    .equalTo((move) => move.market)
    .window(hour)
    .apply<MarketHour>(
      ([count], ofOutcomes, out) => {
        const { market, hour } = count ?? ofOutcomes[0]!;
        const move = Math.max(0, ...ofOutcomes.map((each) => each.move));
        out.collect({ market, hour, news: count?.news ?? 0, move });
      },
      { uid: 'hours' },
    )
    .keyBy((each) => each.market)
    .process(new DetectLag(), { uid: 'detect' })
    .sinkTo(
      kafkaSink<LagSignal>({
        topic: signalsTopic,
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: 'market-lag',
        key: (signal) => signal.market,
        value: json(),
      }),
      { uid: 'signals' },
    );
});
