import { describe, expect, it } from 'vitest';
import type { ResultCheck } from '../../src/demo/check-result.js';
import { formatSummary } from '../../src/demo/summary.js';

const run = {
  recordsIn: 200_000,
  processingMs: 2_500,
  checkpointsCompleted: 4,
  lastCheckpoint: { durationMs: 8, bytes: 3_000_000 },
  restarts: 0,
};

const check: ResultCheck = {
  eventsIn: 200_000,
  actionsByRule: { 'category-interest': 7_000, 'cart-abandoned': 1_500, 'high-value-purchase': 500 },
  comparison: {
    expected: 9_000,
    written: 9_000,
    missing: 0,
    unexpected: 0,
    usersOutOfOrder: 0,
    examples: [],
  },
};

describe('formatSummary', () => {
  it('tells what went in and out, and that it is right', () => {
    expect(formatSummary(run, check)).toBe(
      [
        'events in              200,000',
        'actions out            9,000',
        '  category-interest    7,000',
        '  cart-abandoned       1,500',
        '  high-value-purchase  500',
        'throughput             80,000 events/s (200,000 in 2.5 s)',
        'checkpoints            4, the last in 8 ms, 2.9 MB',
        'restarts               0',
        'check                  OK: all 9,000 actions as computed independently, none lost, doubled or out of order',
        '',
      ].join('\n'),
    );
  });

  it('never calls a wrong result right, and shows what is wrong', () => {
    for (const wrong of [{ missing: 1 }, { unexpected: 1 }, { usersOutOfOrder: 1 }]) {
      const comparison = { ...check.comparison, ...wrong, examples: ['missing: {…}'] };
      const text = formatSummary(run, { ...check, comparison });
      expect(text).toContain('FAILED: ');
      expect(text).toContain('missing: {…}');
      expect(text).not.toContain('OK');
    }
  });
});
