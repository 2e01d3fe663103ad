import {
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  type ListState,
  type RuntimeContext,
  type ValueState,
} from '../../index.js';
import { type LagSignal, lagRule } from './lag-signal.js';
import { hourMs } from './market-events.js';

/** One hour of one market: how much news there was, and the largest move of an outcome's price. */
export interface MarketHour {
  readonly market: string;
  /** Epoch ms. */
  readonly hour: number;
  readonly news: number;
  readonly move: number;
}

/** Sees a market's hours in their order, and tells where the price lags behind the news. */
export class DetectLag extends KeyedProcessFunction<string, MarketHour, LagSignal> {
  /** Of the newest hours. */
  private newsByHour!: ListState<number>;
  /** The hour of the jump that the price has not followed yet. */
  private waitingSince!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.newsByHour = context.getListState<number>({
      name: 'news-by-hour',
      maxLength: lagRule.baselineHours,
    });
    this.waitingSince = context.getState<number>({ name: 'waiting-since' });
  }

  override processElement(
    { market, hour, news, move }: MarketHour,
    _context: KeyedContext<string>,
    out: Collector<LagSignal>,
  ): void {
    const hasMoved = move >= lagRule.moveMin;
    this.follow(market, hour, hasMoved, out);
    const past = this.newsByHour.get();
    const baseline = past.reduce((sum, count) => sum + count, 0) / lagRule.baselineHours;
    const hasJumped = news >= Math.max(lagRule.newsMin, lagRule.jumpFactor * baseline);
    const mayJudge = past.length === lagRule.baselineHours && this.waitingSince.value() === undefined;
    if (mayJudge && hasJumped && !hasMoved) {
      this.waitingSince.update(hour);
      out.collect({ kind: 'lag', market, hour, news, baseline });
    }
    this.newsByHour.add(news);
  }

  private follow(market: string, hour: number, hasMoved: boolean, out: Collector<LagSignal>): void {
    const since = this.waitingSince.value();
    if (since === undefined) return;
    const lagHours = (hour - since) / hourMs;
    if (!hasMoved && lagHours < lagRule.watchHours) return;
    this.waitingSince.clear();
    out.collect({ kind: hasMoved ? 'moved' : 'expired', market, hour, lagHours });
  }
}
