import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatProgress,
  type JobProgress,
} from '../../src/cli/progress-line.js';

const running: JobProgress = {
  state: 'RUNNING',
  recordsIn: 1_234_567,
  recordsOut: 8_910,
  inPerSecond: 201_234.5,
  outPerSecond: 12.4,
  pendingRecords: 98_765,
  lastCheckpoint: { id: 7, durationMs: 12.3, bytes: 4_300 },
  restarts: 0,
};

describe('formatProgress', () => {
  it('says what people want to know in one line', () => {
    expect(formatProgress(running)).toBe(
      'RUNNING · in 1,234,567 (201,235/s) · out 8,910 (12/s) · lag 98,765 · checkpoint 7 in 12 ms, 4.2 KB',
    );
  });

  it('does not claim what is not known yet', () => {
    const { lastCheckpoint: _, ...rest } = running;
    const line = formatProgress({ ...rest, pendingRecords: undefined });
    expect(line).toContain('lag unknown');
    expect(line).toContain('no checkpoint yet');
  });

  it('tells of restarts once there were any', () => {
    expect(formatProgress(running)).not.toContain('restart');
    expect(formatProgress({ ...running, restarts: 1 })).toMatch(/ · 1 restart$/);
    expect(formatProgress({ ...running, restarts: 2 })).toMatch(/ · 2 restarts$/);
  });
});

describe('The numbers of a progress line', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [1_000_000, '1,000,000'],
  ])('counts %d as %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 KB'],
    [1_048_575, '1.0 MB'],
    [52_428_800, '50 MB'],
  ])('gives %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0.4, '0 ms'],
    [999.6, '1.0 s'],
    [59_949, '59.9 s'],
    [125_000, '2 m 5 s'],
    [59_960, '1 m 0 s'],
  ])('gives %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
