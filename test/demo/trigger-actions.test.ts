import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareActions, isEqual } from '../../src/demo/action-comparison.js';
import { EnrichWithHistory } from '../../src/demo/enrich-with-history.js';
import type { EnrichedEvent } from '../../src/demo/enriched-event.js';
import { EventGenerator } from '../../src/demo/event-generator.js';
import { Oracle } from '../../src/demo/oracle.js';
import { TriggerActions } from '../../src/demo/trigger-actions.js';
import type { TriggeredAction, TriggerRule } from '../../src/demo/triggered-action.js';
import type { UserTrackingEvent } from '../../src/demo/user-tracking-event.js';
import { MAX_WATERMARK } from '../../src/protocol/stream-elements.js';
import { KeyedFunctionDriver } from './keyed-function-driver.js';

/** Runs the job's two functions as its graph does, with a watermark `lagMs` behind after each `everyEvents` events. */
function runJob(events: readonly UserTrackingEvent[], lagMs: number, everyEvents: number): TriggeredAction[] {
  const enrich = new KeyedFunctionDriver<UserTrackingEvent, EnrichedEvent>(new EnrichWithHistory());
  const rules = new KeyedFunctionDriver<EnrichedEvent, TriggeredAction>(new TriggerActions());
  events.forEach((event, i) => {
    enrich.process(event.user_id, event, event.timestamp);
    const enriched = enrich.collected.pop()!;
    if (enriched.event.triggerable) rules.process(event.user_id, enriched, event.timestamp);
    if (i % everyEvents === 0) rules.advanceWatermark(event.timestamp - lagMs - 1);
  });
  rules.advanceWatermark(MAX_WATERMARK);
  return rules.collected;
}

function byUser(actions: readonly TriggeredAction[]): Map<string, TriggeredAction[]> {
  const users = new Map<string, TriggeredAction[]>();
  for (const action of actions) users.set(action.user_id, [...(users.get(action.user_id) ?? []), action]);
  return users;
}

function expectedOf(events: readonly UserTrackingEvent[]): ReadonlyMap<string, readonly TriggeredAction[]> {
  const oracle = new Oracle();
  for (const event of events) oracle.add(event);
  return oracle.finish();
}

describe('The demo job’s functions', () => {
  const events = (seed: number, count: number) => {
    const generator = new EventGenerator({ seed, users: 60, eventIntervalMs: 2_000 });
    return Array.from({ length: count }, (_, i) => generator.eventAt(i));
  };

  it('write what the oracle expects, however far the watermark lags behind', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.integer({ min: 1, max: 3_000 }),
        (seed, lagMs, everyEvents) => {
          const input = events(seed, 3_000);
          const comparison = compareActions(expectedOf(input), byUser(runJob(input, lagMs, everyEvents)));
          expect(comparison.examples).toEqual([]);
          expect(isEqual(comparison)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('fire every rule on generated events, and carts are both rescued and abandoned', () => {
    const input = events(1, 6_000);
    const actions = runJob(input, 0, 1);
    const count = (rule: TriggerRule) => actions.filter((action) => action.rule === rule).length;
    expect(count('category-interest')).toBeGreaterThan(100);
    expect(count('high-value-purchase')).toBeGreaterThan(5);
    const abandoned = count('cart-abandoned');
    const filled = input.filter((event) => event.event_name === 'add_to_cart').length;
    expect(abandoned).toBeGreaterThan(20);
    expect(abandoned).toBeLessThan(filled / 2);
  });

  it('know at most the last 100 events of a user', () => {
    const generator = new EventGenerator({ seed: 3, users: 10 });
    const enrich = new KeyedFunctionDriver<UserTrackingEvent, EnrichedEvent>(new EnrichWithHistory());
    for (let i = 0; i < 1_000; i++) {
      const event = generator.eventAt(i);
      enrich.process(event.user_id, event, event.timestamp);
    }
    const last = enrich.collected.at(-1)!;
    const before = enrich.collected.filter(({ event }) => event.user_id === last.event.user_id).slice(0, -1);
    expect(last.eventHistory).toHaveLength(100);
    expect(last.eventHistory.map((past) => past.event_id)).toEqual(
      before.slice(-100).map(({ event }) => event.event_id),
    );
  });
});
