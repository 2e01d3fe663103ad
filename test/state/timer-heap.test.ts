import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyContext } from '../../src/state/key-context.js';
import { Timer } from '../../src/state/timer.js';
import { TimerHeap } from '../../src/state/timer-heap.js';
import type { TimerQueue } from '../../src/state/timer-queue.js';

describe('A timer heap', () => {
  it('gives one of its earliest timers, whatever was added, removed and looked at in between', () => {
    const step = fc.record({
      does: fc.constantFrom('add', 'remove', 'peek', 'poll', 'replace all'),
      timestamp: fc.integer({ min: -2, max: 2 }),
      place: fc.nat(),
    });
    const queue = {} as TimerQueue;
    const context = new KeyContext('key', 0);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const heap = new TimerHeap();
        const model = new Set<Timer>();
        const earliest = (): number =>
          Math.min(Number.POSITIVE_INFINITY, ...[...model].map(({ timestamp }) => timestamp));
        for (const { does, timestamp, place } of steps) {
          if (does === 'add') {
            const timer = new Timer(queue, timestamp, undefined, context);
            heap.add(timer);
            model.add(timer);
          } else if (does === 'replace all') {
            for (const timer of model) if (timer.timestamp === timestamp) model.delete(timer);
            heap.replaceAll([...model]);
          } else if (model.size > 0) {
            const found = heap.peek()!;
            expect(model).toContain(found);
            expect(found.timestamp).toBe(earliest());
            const gone = does === 'remove' ? [...model][place % model.size]! : found;
            if (does !== 'peek') {
              heap.remove(gone);
              model.delete(gone);
            }
          } else expect(heap.peek()).toBeUndefined();
          expect(heap.size).toBe(model.size);
          expect(heap.earliestTimestamp).toBe(earliest());
          expect(new Set(heap.timers())).toEqual(model);
        }
      }),
    );
  });
});
