import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Watermarks } from '../../src/api/watermarks.js';
import { splitId } from '../../src/protocol/ids.js';
import { MIN_WATERMARK, NO_TIMESTAMP } from '../../src/protocol/stream-elements.js';
import { SplitWatermarks } from '../../src/sources/split-watermarks.js';

const strategy = Watermarks.boundedOutOfOrderness<unknown>(10);
const idleTimeoutMs = 100;
const [a, b] = [splitId('t-0'), splitId('t-1')];
const always = () => true;
const never = () => false;

function twoSplits() {
  const watermarks = new SplitWatermarks(strategy, idleTimeoutMs);
  const [splitA, splitB] = [watermarks.register(a, '', undefined), watermarks.register(b, '', undefined)];
  return { watermarks, splitA, splitB };
}

describe('the watermark of a source subtask', () => {
  it('stays behind the newest event time by the bound, and one more: an equal time may still come', () => {
    const watermarks = new SplitWatermarks(strategy, idleTimeoutMs);
    const split = watermarks.register(a, '', undefined);
    watermarks.onRecord(split, 1_000);
    watermarks.onRecord(split, 995);
    expect(watermarks.combined()).toBe(989);
  });

  it('waits for every split, so that the slower one is not late', () => {
    const { watermarks, splitA, splitB } = twoSplits();
    watermarks.onRecord(splitA, 5_000);
    expect(watermarks.combined()).toBe(MIN_WATERMARK);
    watermarks.onRecord(splitB, 1_000);
    expect(watermarks.combined()).toBe(989);
  });

  it('no longer waits for a split that is finished, and stands still when all are', () => {
    const { watermarks, splitA, splitB } = twoSplits();
    watermarks.onRecord(splitA, 5_000);
    watermarks.finishSplit(splitB);
    expect(watermarks.combined()).toBe(4_989);
    watermarks.finishSplit(splitA);
    expect(watermarks.combined()).toBe(4_989);
  });

  it('does not exist without a strategy, nor from records without a time', () => {
    const none = new SplitWatermarks(Watermarks.none(), undefined);
    none.onRecord(none.register(a, '', undefined), 1_000);
    expect(none.combined()).toBe(MIN_WATERMARK);
    const untimed = new SplitWatermarks(strategy, undefined);
    untimed.onRecord(untimed.register(a, '', undefined), NO_TIMESTAMP);
    expect(untimed.combined()).toBe(MIN_WATERMARK);
  });

  it('never falls, whatever comes in whatever order, and over a restore', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('record' as const), split: fc.nat(2), timestamp: fc.nat(10_000) }),
      fc.record({ kind: fc.constant('tick' as const), heldBack: fc.boolean() }),
      fc.record({ kind: fc.constant('finish' as const), split: fc.nat(2) }),
      fc.record({ kind: fc.constant('restore' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const ids = [0, 1, 2].map((i) => splitId(`t-${i}`));
        let watermarks = new SplitWatermarks(strategy, idleTimeoutMs);
        let splits = ids.map((id) => watermarks.register(id, '', undefined));
        let nowMs = 0;
        let last = MIN_WATERMARK;
        for (const each of steps) {
          if (each.kind === 'record') watermarks.onRecord(splits[each.split]!, each.timestamp);
          else if (each.kind === 'tick') {
            nowMs += 60;
            watermarks.onTick(nowMs, each.heldBack, always);
          } else if (each.kind === 'finish') watermarks.finishSplit(splits[each.split]!);
          else {
            const restored = new SplitWatermarks(strategy, idleTimeoutMs);
            restored.restoreCombined(watermarks.combined());
            splits = ids.map((id) => restored.register(id, '', watermarks.snapshot(id)));
            watermarks = restored;
          }
          const combined = watermarks.combined();
          expect(combined).toBeGreaterThanOrEqual(last);
          last = combined;
        }
      }),
    );
  });
});

describe('an idle split', () => {
  it('is one that was caught up for the whole time-out: watermarks go on without it', () => {
    const { watermarks, splitA, splitB } = twoSplits();
    watermarks.onTick(0, false, always);
    watermarks.onRecord(splitA, 5_000);
    watermarks.onTick(60, false, always);
    watermarks.onRecord(splitA, 5_100);
    watermarks.onTick(99, false, always);
    expect(watermarks.combined()).toBe(MIN_WATERMARK);
    watermarks.onTick(100, false, always);
    expect(watermarks.combined()).toBe(5_089);
    expect(watermarks.isIdle).toBe(false);
    watermarks.onRecord(splitB, 5_050);
    expect(watermarks.combined()).toBe(5_089);
    watermarks.onRecord(splitA, 9_000);
    expect(watermarks.combined()).toBe(5_089);
  });

  it('is never one with input left, however slow it is', () => {
    const { watermarks, splitA } = twoSplits();
    watermarks.onRecord(splitA, 5_000);
    for (let nowMs = 0; nowMs < 10_000; nowMs += 50) watermarks.onTick(nowMs, false, never);
    expect(watermarks.combined()).toBe(MIN_WATERMARK);
  });

  it('is never one that only backpressure kept from being read', () => {
    const { watermarks } = twoSplits();
    for (let nowMs = 0; nowMs < 10_000; nowMs += 50) watermarks.onTick(nowMs, true, always);
    expect(watermarks.isIdle).toBe(false);
    watermarks.onTick(10_050, false, always);
    watermarks.onTick(10_149, false, always);
    expect(watermarks.isIdle).toBe(false);
    watermarks.onTick(10_150, false, always);
    expect(watermarks.isIdle).toBe(true);
  });

  it('is what a subtask without splits has throughout, and a source without a time-out never', () => {
    expect(new SplitWatermarks(strategy, idleTimeoutMs).isIdle).toBe(true);
    const watermarks = new SplitWatermarks(strategy, undefined);
    watermarks.register(a, '', undefined);
    for (let nowMs = 0; nowMs < 10_000; nowMs += 50) watermarks.onTick(nowMs, false, always);
    expect(watermarks.isIdle).toBe(false);
  });
});

describe('the snapshot of watermarks', () => {
  it('is plain JSON that makes a late record late again', () => {
    const { watermarks, splitA, splitB } = twoSplits();
    watermarks.onRecord(splitA, 5_000);
    watermarks.onRecord(splitB, 4_000);
    const states = JSON.parse(JSON.stringify([watermarks.snapshot(a), watermarks.snapshot(b)]));
    const restored = new SplitWatermarks(strategy, idleTimeoutMs);
    restored.register(a, '', states[0]);
    restored.register(b, '', states[1]);
    expect(restored.combined()).toBe(3_989);
  });

  it('of a split without a record is empty', () => {
    expect(twoSplits().watermarks.snapshot(b)).toEqual({});
  });
});
