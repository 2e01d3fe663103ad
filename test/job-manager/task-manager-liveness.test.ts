import { expect, test } from 'vitest';
import { checkLiveness, heard, startLiveness } from '../../src/job-manager/task-manager-liveness.js';
import { slotIndex } from '../../src/protocol/ids.js';

const settings = { heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: 5_000 };
const start = (nowMs = 0) => startLiveness(settings, [slotIndex(0), slotIndex(1)], nowMs);

test('a TaskManager that is silent for longer than the time-out is suspected, and only it', () => {
  let liveness = heard(start(), slotIndex(1), 0, false);
  for (let nowMs = 1_000; nowMs <= 5_000; nowMs += 1_000) {
    liveness = heard(liveness, slotIndex(0), nowMs, false);
    const check = checkLiveness(liveness, nowMs);
    expect(check.suspected).toEqual([]);
    liveness = check.liveness;
  }
  expect(checkLiveness(liveness, 5_001).suspected).toEqual([{ slot: 1, silentForMs: 5_001 }]);
});

test('the JobManager’s own pause is not held against anyone', () => {
  const spoken = heard(heard(start(), slotIndex(0), 0, false), slotIndex(1), 0, false);
  const { liveness } = checkLiveness(spoken, 1_000);
  const woken = checkLiveness(liveness, 3_600_000);
  expect(woken.suspected).toEqual([]);
  let later = woken.liveness;
  for (let nowMs = 3_601_000; nowMs <= 3_605_000; nowMs += 1_000)
    later = checkLiveness(later, nowMs).liveness;
  expect(checkLiveness(later, 3_605_001).suspected).toHaveLength(2);
});

test('a TaskManager that has never spoken is given time to load the job, and not for ever', () => {
  let liveness = start();
  for (let nowMs = 1_000; nowMs <= 30_000; nowMs += 1_000) {
    const check = checkLiveness(liveness, nowMs);
    expect(check.suspected).toEqual([]);
    liveness = check.liveness;
  }
  expect(checkLiveness(liveness, 30_001).suspected).toHaveLength(2);
});

test('a heartbeat before the job is loaded does not shorten the time for that', () => {
  let liveness = heard(heard(start(), slotIndex(0), 100, true), slotIndex(1), 100, false);
  for (let nowMs = 1_000; nowMs <= 6_000; nowMs += 1_000) {
    const check = checkLiveness(liveness, nowMs);
    liveness = check.liveness;
    if (nowMs === 6_000) expect(check.suspected).toEqual([{ slot: 1, silentForMs: 5_900 }]);
  }
});

test('a slot of another attempt is not counted', () => {
  expect(heard(start(), slotIndex(7), 10, true)).toEqual(start());
});
