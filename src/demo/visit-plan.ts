import type { EventName } from './user-tracking-event.js';

/** What a visitor does in one visit, event by event. Every plan has `eventsPerVisit` of them. */
export type VisitPlan = readonly EventName[];

/** A fixed length, so that an event's place in its visit follows from its number. */
export const eventsPerVisit = 12;

const browsing: VisitPlan = [
  'page_view',
  'search',
  'product_view',
  'click',
  'product_view',
  'page_view',
  'product_view',
  'product_view',
  'click',
  'search',
  'product_view',
  'click',
];

const buying: VisitPlan = [
  'page_view',
  'search',
  'product_view',
  'product_view',
  'click',
  'product_view',
  'add_to_cart',
  'page_view',
  'add_to_cart',
  'click',
  'purchase',
  'page_view',
];

const abandoning: VisitPlan = [
  'page_view',
  'click',
  'product_view',
  'search',
  'product_view',
  'add_to_cart',
  'page_view',
  'click',
  'product_view',
  'page_view',
  'search',
  'click',
];

const looking: VisitPlan = [
  'page_view',
  'page_view',
  'click',
  'search',
  'page_view',
  'click',
  'product_view',
  'page_view',
  'search',
  'click',
  'page_view',
  'click',
];

/** Four visits of ten only browse, three look around, two leave a full cart behind, and one buys. */
const plansByTenth: readonly VisitPlan[] = [
  browsing,
  browsing,
  browsing,
  browsing,
  looking,
  looking,
  looking,
  abandoning,
  abandoning,
  buying,
];

export function visitPlan(hash: number): VisitPlan {
  return plansByTenth[hash % plansByTenth.length]!;
}
