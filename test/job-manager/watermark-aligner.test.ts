import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Watermarks } from '../../src/api/watermarks.js';
import type { SourceNode } from '../../src/graph/stream-graph.js';
import { WatermarkAligner } from '../../src/job-manager/watermark-aligner.js';
import { operatorUid, subtaskIndex } from '../../src/protocol/ids.js';
import { MAX_WATERMARK, MIN_WATERMARK } from '../../src/protocol/stream-elements.js';

function source(uid: string, group: string, maxDriftMs: number): SourceNode {
  const watermarks = Watermarks.monotonous<unknown>().withWatermarkAlignment(group, maxDriftMs);
  return { kind: 'source', uid: operatorUid(uid), watermarks } as SourceNode;
}

describe('The alignment of watermarks', () => {
  const make = () =>
    new WatermarkAligner([source('clicks', 'g', 10), source('orders', 'g', 30), source('other', 'h', 5)]);

  it('limits each source to its drift ahead of the slowest subtask of its group', () => {
    const aligner = make();
    expect(aligner.report(operatorUid('clicks'), subtaskIndex(0), 100)).toBe(110);
    expect(aligner.report(operatorUid('clicks'), subtaskIndex(1), 80)).toBe(90);
    expect(aligner.report(operatorUid('orders'), subtaskIndex(0), 500)).toBe(110);
    expect(aligner.report(operatorUid('clicks'), subtaskIndex(1), 200)).toBe(110);
    expect(aligner.report(operatorUid('other'), subtaskIndex(0), 7)).toBe(12);
  });

  it('does not wait for who is idle or has ended, and limits nobody when all are', () => {
    const aligner = make();
    aligner.report(operatorUid('clicks'), subtaskIndex(0), 100);
    expect(aligner.report(operatorUid('orders'), subtaskIndex(0), MAX_WATERMARK)).toBe(130);
    expect(aligner.report(operatorUid('clicks'), subtaskIndex(0), MAX_WATERMARK)).toBe(MAX_WATERMARK);
  });

  it('lets everybody wait for one that has no watermark yet', () => {
    const aligner = make();
    aligner.report(operatorUid('clicks'), subtaskIndex(0), MIN_WATERMARK);
    expect(aligner.report(operatorUid('orders'), subtaskIndex(0), 100)).toBe(MIN_WATERMARK + 30);
  });

  it('never holds back the slowest', () => {
    const report = fc.record({
      uid: fc.constantFrom('clicks', 'orders'),
      subtask: fc.nat(2),
      watermark: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.constant(MAX_WATERMARK)),
    });
    fc.assert(
      fc.property(fc.array(report, { minLength: 1 }), (reports) => {
        const aligner = make();
        const newest = new Map<string, number>();
        for (const { uid, subtask, watermark } of reports) {
          newest.set(`${uid}${subtask}`, watermark);
          const limit = aligner.report(operatorUid(uid), subtaskIndex(subtask), watermark);
          expect(limit).toBeGreaterThanOrEqual(Math.min(...newest.values()));
          if (watermark === Math.min(...newest.values())) expect(limit).toBeGreaterThanOrEqual(watermark);
        }
      }),
    );
  });
});

describe('A strategy’s alignment', () => {
  it('is refused with all its mistakes in one message', () => {
    const strategy = Watermarks.monotonous<number>();
    expect(() => strategy.withWatermarkAlignment('', '20 s' as never, -1)).toThrow(
      /its group needs a name; its maxDrift is "20 s".*; its updateInterval is -1/,
    );
    expect(() => strategy.withWatermarkAlignment('g', '20s', '1ms')).toThrow(/give at least 10ms/);
    expect(() => Watermarks.none<number>().withWatermarkAlignment('g', '20s')).toThrow(/without watermarks/);
  });
});
