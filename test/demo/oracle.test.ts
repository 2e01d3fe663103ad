import { describe, expect, it } from 'vitest';
import { EventGenerator } from '../../src/demo/event-generator.js';
import { Oracle } from '../../src/demo/oracle.js';
import type { ProductEvent, PurchaseEvent, UserTrackingEvent } from '../../src/demo/user-tracking-event.js';

const generator = new EventGenerator();
const minute = 60_000;

/** The first generated event of a name, as a pattern to vary. */
function pattern<E extends UserTrackingEvent>(name: E['event_name']): E {
  for (let i = 0; ; i++) {
    const event = generator.eventAt(i);
    if (event.event_name === name) return event as E;
  }
}

let nextId = 0;
function make(
  name: 'product_view' | 'add_to_cart' | 'purchase',
  timestamp: number,
  session = 's1',
  triggerable = true,
) {
  const event = pattern<ProductEvent | PurchaseEvent>(name);
  nextId += 1;
  return { ...event, event_id: `e${nextId}`, user_id: 'user_1', session_id: session, timestamp, triggerable };
}

function rulesOf(events: readonly UserTrackingEvent[]): string[] {
  const oracle = new Oracle();
  for (const event of events) oracle.add(event);
  return (oracle.finish().get('user_1') ?? []).map((action) => `${action.rule}@${action.timestamp / minute}`);
}

describe('Oracle', () => {
  it('expects an action at the third view of a category within one session, and only there', () => {
    expect(rulesOf([1, 2, 3, 4].map((m) => make('product_view', m * minute)))).toEqual([
      'category-interest@3',
    ]);
    const apart = [1, 2, 3, 4].map((m) => make('product_view', m * minute, m < 3 ? 's1' : 's2'));
    expect(rulesOf(apart)).toEqual([]);
  });

  it('counts a cart as abandoned half an hour after the last piece', () => {
    expect(rulesOf([make('add_to_cart', 0), make('add_to_cart', 10 * minute)])).toEqual([
      'cart-abandoned@40',
    ]);
  });

  it('takes a purchase in the last moment for a rescue, and one after it for too late', () => {
    const cheap = (timestamp: number) => {
      const purchase = make('purchase', timestamp) as PurchaseEvent;
      const custom_params = { ...purchase.parameters.custom_params, order_value: 1 };
      return { ...purchase, parameters: { ...purchase.parameters, custom_params } };
    };
    expect(rulesOf([make('add_to_cart', 0), cheap(30 * minute)])).toEqual([]);
    expect(rulesOf([make('add_to_cart', 0), cheap(30 * minute + 1)])).toEqual(['cart-abandoned@30']);
  });

  it('ignores events that may not trigger', () => {
    expect(rulesOf([make('add_to_cart', 0, 's1', false)])).toEqual([]);
  });
});
