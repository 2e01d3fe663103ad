import type { EnrichedEvent } from './enriched-event.js';
import type {
  ActionFields,
  CartAbandoned,
  CategoryInterest,
  HighValuePurchase,
  TriggerRule,
} from './triggered-action.js';
import type { ProductEvent, PurchaseEvent } from './user-tracking-event.js';

/** The rules, as pure functions. Where the numbers they need are kept is the business of `TriggerActions`. */

/** So many views of one category within a session show an interest in it. */
const viewsThatShowInterest = 3;

/** A cart in which nothing was put or bought for so long is abandoned. */
const cartAbandonedAfterMs = 30 * 60_000;

/** Orders above this value are worth a thank-you. */
const highOrderValue = 400;

/** What is kept of a cart until it is bought or abandoned. */
export interface Cart {
  readonly items: number;
  readonly value: number;
  /** Epoch milliseconds of event time. */
  readonly abandonedAt: number;
  /** The action as it would be triggered, had the time come. */
  readonly action: CartAbandoned;
}

/** Fires at exactly the third view, so that it fires once a session and category. */
export function categoryInterest(
  enriched: EnrichedEvent,
  event: ProductEvent,
  viewsInSession: number,
): CategoryInterest | undefined {
  if (viewsInSession !== viewsThatShowInterest) return undefined;
  const { category, product_id } = event.parameters.custom_params;
  return {
    rule: 'category-interest',
    ...actionFields('category-interest', enriched, event.timestamp),
    category,
    product_id,
  };
}

export function highValuePurchase(
  enriched: EnrichedEvent,
  event: PurchaseEvent,
): HighValuePurchase | undefined {
  const { order_id, order_value } = event.parameters.custom_params;
  if (order_value <= highOrderValue) return undefined;
  return {
    rule: 'high-value-purchase',
    ...actionFields('high-value-purchase', enriched, event.timestamp),
    order_id,
    order_value,
  };
}

/** The cart after one more piece; its half hour begins again. */
export function addToCart(cart: Cart | undefined, enriched: EnrichedEvent, event: ProductEvent): Cart {
  const items = (cart?.items ?? 0) + 1;
  const value = roundToCents((cart?.value ?? 0) + event.parameters.custom_params.price);
  const abandonedAt = event.timestamp + cartAbandonedAfterMs;
  const action: CartAbandoned = {
    rule: 'cart-abandoned',
    ...actionFields('cart-abandoned', enriched, abandonedAt),
    items,
    cart_value: value,
  };
  return { items, value, abandonedAt, action };
}

/**
 * Whether a cart was abandoned before `timestamp`. A timer at `abandonedAt` says so too, but the user's next
 * event may come before the watermark that fires it: asking here as well makes the result independent of that.
 */
export function isAbandonedBefore(cart: Cart, timestamp: number): boolean {
  return timestamp > cart.abandonedAt;
}

function actionFields(rule: TriggerRule, enriched: EnrichedEvent, timestamp: number): ActionFields {
  const { event, userProfile, currentVisit, eventHistory } = enriched;
  return {
    action_id: `${rule}:${event.event_id}`,
    user_id: event.user_id,
    session_id: event.session_id,
    event_id: event.event_id,
    timestamp,
    language: userProfile.language,
    page_count: currentVisit.page_count,
    history_length: eventHistory.length,
  };
}

function roundToCents(amount: number): number {
  return Math.round(amount * 100) / 100;
}
