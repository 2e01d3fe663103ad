import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DataStream } from '../../src/api/data-stream.js';
import { compareActions, isEqual } from '../../src/demo/action-comparison.js';
import { EnrichWithHistory } from '../../src/demo/enrich-with-history.js';
import { EventGenerator } from '../../src/demo/event-generator.js';
import job from '../../src/demo/event-trigger.job.js';
import { Oracle } from '../../src/demo/oracle.js';
import type { TriggeredAction, TriggerRule } from '../../src/demo/triggered-action.js';
import type { UserTrackingEvent } from '../../src/demo/user-tracking-event.js';
import { openHarness, openJobHarness } from '../../src/testing.js';

/** Runs the job, with a watermark `lagMs` behind after each `everyEvents` events. */
async function runJob(
  events: readonly UserTrackingEvent[],
  lagMs: number,
  everyEvents: number,
): Promise<readonly TriggeredAction[]> {
  const harness = await openJobHarness(job);
  const input = harness.input<UserTrackingEvent>('events');
  for (let from = 0; from < events.length; from += everyEvents) {
    const next = events.slice(from, from + everyEvents);
    await input.processElements(next);
    await input.processWatermark(next.at(-1)!.timestamp - lagMs - 1);
  }
  await input.endInput();
  await harness.close();
  return harness.output<TriggeredAction>('actions').values as readonly TriggeredAction[];
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

  it('write what the oracle expects, however far the watermark lags behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.integer({ min: 1, max: 3_000 }),
        async (seed, lagMs, everyEvents) => {
          const input = events(seed, 3_000);
          const comparison = compareActions(
            expectedOf(input),
            byUser(await runJob(input, lagMs, everyEvents)),
          );
          expect(comparison.examples).toEqual([]);
          expect(isEqual(comparison)).toBe(true);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('fire every rule on generated events, and carts are both rescued and abandoned', async () => {
    const input = events(1, 6_000);
    const actions = await runJob(input, 0, 1);
    const count = (rule: TriggerRule) => actions.filter((action) => action.rule === rule).length;
    expect(count('category-interest')).toBeGreaterThan(100);
    expect(count('high-value-purchase')).toBeGreaterThan(5);
    const abandoned = count('cart-abandoned');
    const filled = input.filter((event) => event.event_name === 'add_to_cart').length;
    expect(abandoned).toBeGreaterThan(20);
    expect(abandoned).toBeLessThan(filled / 2);
  });

  it('know at most the last 100 events of a user', async () => {
    const generator = new EventGenerator({ seed: 3, users: 10 });
    const harness = await openHarness((events: DataStream<UserTrackingEvent>) => ({
      enriched: events.keyBy((event) => event.user_id).process(new EnrichWithHistory()),
    }));
    await harness.inputs[0].processElements(Array.from({ length: 1_000 }, (_, i) => generator.eventAt(i)));
    const enriched = harness.outputs.enriched.values;
    const last = enriched.at(-1)!;
    const before = enriched.filter(({ event }) => event.user_id === last.event.user_id).slice(0, -1);
    expect(last.eventHistory).toHaveLength(100);
    expect(last.eventHistory.map((past) => past.event_id)).toEqual(
      before.slice(-100).map(({ event }) => event.event_id),
    );
    await harness.close();
  });
});
