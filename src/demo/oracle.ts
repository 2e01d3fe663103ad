import type { TriggeredAction } from './triggered-action.js';
import { lookUpProfile } from './user-profile.js';
import type { UserTrackingEvent } from './user-tracking-event.js';

/**
 * What the demo job must write, worked out in the simplest way: one thread, plain loops, a Map. It shares
 * nothing with the job but the types and the profile service, least of all the rules: an oracle that
 * computed with the code it judges would agree with its mistakes.
 */
export class Oracle {
  private readonly users = new Map<string, UserRecord>();

  /** Each user's events must come in their order; users may be mixed in any way. */
  add(event: UserTrackingEvent): void {
    let user = this.users.get(event.user_id);
    if (user === undefined) {
      user = {
        language: lookUpProfile(event.user_id).language,
        eventsSeen: 0,
        visitId: undefined,
        pagesInVisit: 0,
        viewsSessionId: undefined,
        views: {},
        abandoned: undefined,
        actions: [],
      };
      this.users.set(event.user_id, user);
    }
    if (event.session_id !== user.visitId) {
      user.visitId = event.session_id;
      user.pagesInVisit = 0;
    }
    if (event.event_name === 'page_view' || event.event_name === 'product_view') user.pagesInVisit++;
    if (event.triggerable) applyRules(user, event);
    user.eventsSeen++;
  }

  /** Each user's actions in order, once all events were added: carts still open then count as abandoned. */
  finish(): ReadonlyMap<string, readonly TriggeredAction[]> {
    const actions = new Map<string, readonly TriggeredAction[]>();
    for (const [userId, user] of this.users) {
      if (user.abandoned !== undefined) user.actions.push(user.abandoned);
      user.abandoned = undefined;
      if (user.actions.length > 0) actions.set(userId, user.actions);
    }
    return actions;
  }
}

interface UserRecord {
  readonly language: string;
  eventsSeen: number;
  visitId: string | undefined;
  pagesInVisit: number;
  viewsSessionId: string | undefined;
  views: Record<string, number>;
  /** The action that follows if nothing is put into the cart or bought up to its timestamp. */
  abandoned: Extract<TriggeredAction, { rule: 'cart-abandoned' }> | undefined;
  readonly actions: TriggeredAction[];
}

function applyRules(user: UserRecord, event: UserTrackingEvent): void {
  const base = {
    user_id: event.user_id,
    session_id: event.session_id,
    event_id: event.event_id,
    timestamp: event.timestamp,
    language: user.language,
    page_count: user.pagesInVisit,
    history_length: Math.min(user.eventsSeen, 100),
  };
  if (user.abandoned !== undefined && user.abandoned.timestamp < event.timestamp) {
    user.actions.push(user.abandoned);
    user.abandoned = undefined;
  }
  if (user.viewsSessionId !== event.session_id) {
    user.viewsSessionId = event.session_id;
    user.views = {};
  }
  if (event.event_name === 'product_view') {
    const { category, product_id } = event.parameters.custom_params;
    const views = (user.views[category] ?? 0) + 1;
    user.views[category] = views;
    if (views === 3) {
      const action_id = `category-interest:${event.event_id}`;
      user.actions.push({ ...base, rule: 'category-interest', action_id, category, product_id });
    }
  }
  if (event.event_name === 'add_to_cart') {
    const cents = Math.round(
      ((user.abandoned?.cart_value ?? 0) + event.parameters.custom_params.price) * 100,
    );
    user.abandoned = {
      ...base,
      rule: 'cart-abandoned',
      action_id: `cart-abandoned:${event.event_id}`,
      timestamp: event.timestamp + 1_800_000,
      items: (user.abandoned?.items ?? 0) + 1,
      cart_value: cents / 100,
    };
  }
  if (event.event_name === 'purchase') {
    user.abandoned = undefined;
    const { order_id, order_value } = event.parameters.custom_params;
    if (order_value > 400) {
      const action_id = `high-value-purchase:${event.event_id}`;
      user.actions.push({ ...base, rule: 'high-value-purchase', action_id, order_id, order_value });
    }
  }
}
