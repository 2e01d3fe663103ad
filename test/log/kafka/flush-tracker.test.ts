import { describe, expect, it } from 'vitest';
import { FlushTracker } from '../../../src/log/kafka/producer/flush-tracker.js';

async function isSettled(promise: Promise<void>): Promise<boolean> {
  const pending = Symbol('pending');
  const first = await Promise.race([promise, Promise.resolve(pending)]);
  return first !== pending;
}

describe('a flush', () => {
  it('resolves at once when nothing waits', async () => {
    await new FlushTracker().flush();
  });

  it('waits for what was appended before it, and not for what comes after', async () => {
    const tracker = new FlushTracker();
    const before = tracker.epoch;
    tracker.appended();
    tracker.appended();
    const flush = tracker.flush();
    const after = tracker.epoch;
    tracker.appended();
    tracker.acknowledged(before, 1);
    expect(await isSettled(flush)).toBe(false);
    tracker.acknowledged(before, 1);
    expect(await isSettled(flush)).toBe(true);
    const next = tracker.flush();
    expect(await isSettled(next)).toBe(false);
    tracker.acknowledged(after, 1);
    expect(await isSettled(next)).toBe(true);
  });

  it('waits for older records also when newer ones are acknowledged first', async () => {
    const tracker = new FlushTracker();
    const oldest = tracker.epoch;
    tracker.appended();
    const first = tracker.flush();
    const newer = tracker.epoch;
    tracker.appended();
    const second = tracker.flush();
    tracker.acknowledged(newer, 1);
    expect(await isSettled(second)).toBe(false);
    tracker.acknowledged(oldest, 1);
    await first;
    await second;
  });

  it('is rejected when the sender fails, before or after', async () => {
    const tracker = new FlushTracker();
    tracker.appended();
    const flush = tracker.flush();
    tracker.fail(new Error('gone'));
    await expect(flush).rejects.toThrow('gone');
    await expect(tracker.flush()).rejects.toThrow('gone');
  });
});
