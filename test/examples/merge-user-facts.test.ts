import { expect, it, vi } from 'vitest';
import { EventGenerator } from '../../src/demo/event-generator.js';
import type { UserTrackingEvent } from '../../src/demo/user-tracking-event.js';
import { knownFactsOf } from '../../src/examples/event-trigger/known-users.js';
import { MergeUserFacts } from '../../src/examples/event-trigger/merge-user-facts.js';
import type { MergedEvent } from '../../src/examples/event-trigger/merged-event.js';
import { UserService } from '../../src/examples/event-trigger/user-service.js';
import { nodeClock } from '../../src/host/node-clock.js';
import { openHarness } from '../../src/testing.js';

it('A user is asked about once, and again after not being seen for a day: what was kept of him is gone', async () => {
  const service = await UserService.start(nodeClock, () => ({ kind: 'answer', afterMs: 0 }));
  const harness = await openHarness<[UserTrackingEvent], { merged: MergedEvent }>((events) => ({
    merged: events
      .keyBy((event) => event.user_id)
      .processAsync(new MergeUserFacts(service.url), { timeout: '10s', uid: 'merge' }),
  }));
  try {
    const event = new EventGenerator().eventAt(0);
    const { merged } = harness.outputs;
    const requestsAfter = async (events: number): Promise<number> => {
      await harness.inputs[0].processElement(event);
      await vi.waitFor(async () => {
        await harness.settle();
        expect(merged.values).toHaveLength(events);
      });
      return [...service.requests.values()].reduce((sum, count) => sum + count, 0);
    };
    const before = knownFactsOf(event.user_id).history.length;
    expect(await requestsAfter(1)).toBe(3);
    expect(await requestsAfter(2)).toBe(3);
    await harness.advanceProcessingTime('23h');
    expect(await requestsAfter(3)).toBe(3);
    await harness.advanceProcessingTime('25h');
    expect(await requestsAfter(4)).toBe(6);
    const lengths = merged.values.map(({ history }) => history.length - before);
    expect(lengths).toEqual([0, 1, 2, 0]);
  } finally {
    await harness.close();
    await service.stop();
  }
});
