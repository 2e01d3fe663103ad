import {
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  type MapState,
  type OnTimerContext,
  type RuntimeContext,
  type ValueState,
} from '../index.js';
import type { EnrichedEvent } from './enriched-event.js';
import {
  addToCart,
  type Cart,
  categoryInterest,
  highValuePurchase,
  isAbandonedBefore,
} from './trigger-rules.js';
import type { TriggeredAction } from './triggered-action.js';

/** Applies the trigger rules, keeping per user what they need: the session's views and the open cart. */
export class TriggerActions extends KeyedProcessFunction<string, EnrichedEvent, TriggeredAction> {
  private session!: ValueState<string>;
  private viewsByCategory!: MapState<string, number>;
  private cart!: ValueState<Cart>;

  override open(context: RuntimeContext): void {
    this.session = context.getState<string>({ name: 'session' });
    this.viewsByCategory = context.getMapState<string, number>({ name: 'views-by-category' });
    this.cart = context.getState<Cart>({ name: 'cart' });
  }

  override processElement(
    enriched: EnrichedEvent,
    context: KeyedContext<string>,
    out: Collector<TriggeredAction>,
  ): void {
    const { event } = enriched;
    this.beginSession(event.session_id);
    const cart = this.takeOpenCart(event.timestamp, context, out);

    switch (event.event_name) {
      case 'product_view': {
        const { category } = event.parameters.custom_params;
        const views = (this.viewsByCategory.get(category) ?? 0) + 1;
        this.viewsByCategory.put(category, views);
        emit(categoryInterest(enriched, event, views), out);
        return;
      }
      case 'add_to_cart': {
        if (cart !== undefined) context.timerService.deleteEventTimeTimer(cart.abandonedAt);
        const fuller = addToCart(cart, enriched, event);
        this.cart.update(fuller);
        context.timerService.registerEventTimeTimer(fuller.abandonedAt);
        return;
      }
      case 'purchase': {
        if (cart !== undefined) this.clearCart(cart, context);
        emit(highValuePurchase(enriched, event), out);
        return;
      }
      case 'page_view':
      case 'click':
      case 'search':
        return;
    }
  }

  /** Half an hour has passed without a purchase. */
  override onTimer(
    _timestamp: number,
    _context: OnTimerContext<string>,
    out: Collector<TriggeredAction>,
  ): void {
    emit(this.cart.value()?.action, out);
    this.cart.clear();
  }

  private beginSession(sessionId: string): void {
    if (this.session.value() === sessionId) return;
    this.session.update(sessionId);
    this.viewsByCategory.clear();
  }

  /** The cart that is still open at `timestamp`; one that was abandoned before is reported and gone. */
  private takeOpenCart(
    timestamp: number,
    context: KeyedContext<string>,
    out: Collector<TriggeredAction>,
  ): Cart | undefined {
    const cart = this.cart.value();
    if (cart === undefined || !isAbandonedBefore(cart, timestamp)) return cart;
    out.collect(cart.action);
    this.clearCart(cart, context);
    return undefined;
  }

  private clearCart(cart: Cart, context: KeyedContext<string>): void {
    this.cart.clear();
    context.timerService.deleteEventTimeTimer(cart.abandonedAt);
  }
}

function emit(action: TriggeredAction | undefined, out: Collector<TriggeredAction>): void {
  if (action !== undefined) out.collect(action);
}
