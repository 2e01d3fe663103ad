import {
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  type RuntimeContext,
  type ValueState,
} from '../../index.js';
import type { HourlyPrice } from './market-events.js';

/** By how much one outcome's price has moved, up or down, since the hour before. */
export interface PriceMove {
  readonly market: string;
  readonly hour: number;
  readonly move: number;
}

/** Of each outcome by itself: its key is `market_slug|outcome`. */
export class PriceMoves extends KeyedProcessFunction<string, HourlyPrice, PriceMove> {
  private lastPrice!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.lastPrice = context.getState<number>({ name: 'last-price' });
  }

  override processElement(
    { market_slug, hour, price }: HourlyPrice,
    _context: KeyedContext<string>,
    out: Collector<PriceMove>,
  ): void {
    const move = Math.abs(price - (this.lastPrice.value() ?? price));
    this.lastPrice.update(price);
    out.collect({ market: market_slug, hour, move });
  }
}
