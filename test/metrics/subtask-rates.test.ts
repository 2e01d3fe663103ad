import { describe, expect, it } from 'vitest';
import { SubtaskRateMeter } from '../../src/metrics/subtask-rates.js';
import { slotIndex, vertexId } from '../../src/protocol/ids.js';
import { metricsOf } from '../job-manager/job-manager-fixtures.js';

const report = (numRecordsIn: number, busyTimeMs = 0, backPressuredTimeMs = 0) =>
  metricsOf(vertexId(0), slotIndex(0), { numRecordsIn, busyTimeMs, backPressuredTimeMs });

describe('Rates of a subtask', () => {
  it('are 0 until there is something to compare', () => {
    const meter = new SubtaskRateMeter();
    expect(meter.rates()).toMatchObject({ numRecordsInPerSecond: 0, idleTimeMsPerSecond: 0 });
    meter.add(report(500), 1_000);
    expect(meter.rates()).toMatchObject({ numRecordsInPerSecond: 0, idleTimeMsPerSecond: 0 });
  });

  it('are over the time between two reports', () => {
    const meter = new SubtaskRateMeter();
    meter.add(report(500, 10, 0), 1_000);
    meter.add(report(1_500, 110, 50), 1_500);
    expect(meter.rates()).toMatchObject({
      numRecordsInPerSecond: 2_000,
      busyTimeMsPerSecond: 200,
      backPressuredTimeMsPerSecond: 100,
      idleTimeMsPerSecond: 700,
    });
  });

  it('forget what was more than ten seconds ago', () => {
    const meter = new SubtaskRateMeter();
    for (let second = 0; second <= 20; second += 1) meter.add(report(second * 1_000), second * 1_000);
    for (let second = 21; second <= 31; second += 1) meter.add(report(20_000), second * 1_000);
    expect(meter.rates().numRecordsInPerSecond).toBe(0);
  });

  it('never say that a second had more than 1,000 ms', () => {
    const meter = new SubtaskRateMeter();
    meter.add(report(0), 0);
    meter.add(report(0, 260, 240), 250);
    expect(meter.rates()).toMatchObject({
      busyTimeMsPerSecond: 1_000,
      backPressuredTimeMsPerSecond: 0,
      idleTimeMsPerSecond: 0,
    });
  });
});
