import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compareTimers, Timer, TimerHeap } from '../../src/state/timer-heap.js';
import { InMemoryHarness } from './state-harness.js';

afterEach(() => vi.restoreAllMocks());

describe('A timer heap', () => {
  it('gives its timers in their order, whatever was added, removed and looked at in between', () => {
    const step = fc.record({
      does: fc.constantFrom('push', 'remove', 'peek', 'poll'),
      timestamp: fc.integer({ min: -2, max: 2 }),
      place: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const heap = new TimerHeap();
        const model: Timer[] = [];
        for (const [number, { does, timestamp, place }] of steps.entries()) {
          const earliest = model.toSorted(compareTimers)[0];
          if (does === 'push') {
            const timer = new Timer(timestamp, 0, `${place} ${number}`, undefined);
            heap.push(timer);
            model.push(timer);
          } else if (does === 'peek') {
            expect(heap.peek()).toBe(earliest);
          } else if (earliest !== undefined) {
            const gone = does === 'poll' ? heap.peek()! : model[place % model.length]!;
            if (does === 'poll') expect(gone).toBe(earliest);
            heap.remove(gone);
            model.splice(model.indexOf(gone), 1);
          }
          expect(heap.size).toBe(model.length);
          expect(heap.earliestTimestamp).toBe(
            Math.min(Number.POSITIVE_INFINITY, ...model.map((timer) => timer.timestamp)),
          );
        }
      }),
    );
  });

  // Once in order, each timer that is added has to be put into its place: of a window's many keys, each.
  it('is not put into order by a watermark that makes nothing due', async () => {
    const peek = vi.spyOn(TimerHeap.prototype, 'peek');
    const harness = new InMemoryHarness();
    const backend = await harness.open();
    const timers = backend.timerQueue('timers');
    for (const key of ['b', 'a']) {
      backend.setCurrentKey(key);
      timers.register(10);
      expect(timers.pollDue(9)).toBeUndefined();
      expect(timers.nextTimestamp()).toBe(10);
    }
    expect(peek).not.toHaveBeenCalled();
    expect(timers.pollDue(10)).toBe(10);
    expect(backend.currentKey).toBe('a');
    await harness.dispose();
  });
});
