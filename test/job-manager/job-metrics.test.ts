import { describe, expect, it } from 'vitest';
import { JobMetrics } from '../../src/job-manager/job-metrics.js';
import { checkpointId, slotIndex, vertexId } from '../../src/protocol/ids.js';
import { metricsOf } from './job-manager-fixtures.js';

const [source, sink] = [vertexId(0), vertexId(1)];
const [slot0, slot1] = [slotIndex(0), slotIndex(1)];
const jobMetrics = () => new JobMetrics({ sourceVertices: new Set([source]), sinkVertices: new Set([sink]) });

describe('A job’s totals', () => {
  it('are what its sources read and its sinks received, over all slots, each by its newest report', () => {
    const metrics = jobMetrics();
    metrics.update(slot0, [metricsOf(source, slot0, { numRecordsIn: 5 })], 0);
    metrics.update(
      slot0,
      [
        metricsOf(source, slot0, { numRecordsIn: 10, firstRecordAtMs: 50, lastRecordAtMs: 90 }),
        metricsOf(sink, slot0, { numRecordsIn: 3, firstRecordAtMs: 1 }),
      ],
      0,
    );
    metrics.update(
      slot1,
      [
        metricsOf(source, slot1, { numRecordsIn: 7, firstRecordAtMs: 40, lastRecordAtMs: 70 }),
        metricsOf(sink, slot1, { numRecordsIn: 4 }),
      ],
      0,
    );
    expect(metrics.totals()).toMatchObject({
      recordsIn: 17,
      recordsOut: 7,
      firstRecordAtMs: 40,
      lastRecordAtMs: 90,
      numRestarts: 0,
    });
  });

  it('stay when a slot has nothing to say yet', () => {
    const metrics = jobMetrics();
    metrics.update(slot0, [metricsOf(source, slot0, { numRecordsIn: 5 })], 0);
    metrics.update(slot0, [], 0);
    expect(metrics.totals().recordsIn).toBe(5);
  });

  it('go on over attempts, whose own counters begin at 0; so does the time that the records took', () => {
    const metrics = jobMetrics();
    metrics.attemptStarted(false);
    metrics.update(
      slot0,
      [
        metricsOf(source, slot0, { numRecordsIn: 10, firstRecordAtMs: 50, lastRecordAtMs: 60 }),
        metricsOf(sink, slot0, { numRecordsIn: 4 }),
      ],
      0,
    );
    metrics.attemptStarted(true);
    expect(metrics.totals()).toMatchObject({ recordsIn: 10, recordsOut: 4, lastRecordAtMs: 60 });
    metrics.attemptStarted(true);
    metrics.update(
      slot1,
      [metricsOf(source, slot1, { numRecordsIn: 6, firstRecordAtMs: 200, lastRecordAtMs: 300 })],
      0,
    );
    expect(metrics.totals()).toMatchObject({
      recordsIn: 16,
      recordsOut: 4,
      firstRecordAtMs: 50,
      lastRecordAtMs: 300,
      numRestarts: 2,
    });
  });

  it('count checkpoints, and know the last that was completed', () => {
    const metrics = jobMetrics();
    const last = { id: checkpointId(4), durationMs: 12, stateBytes: 99 };
    metrics.checkpointCompleted({ ...last, id: checkpointId(3) });
    metrics.checkpointFailed();
    metrics.checkpointCompleted(last);
    expect(metrics.totals().checkpoints).toEqual({ completed: 2, failed: 1, last });
  });
});

describe('Pending records', () => {
  it('are the sum of what sources know, and unknown when none does', () => {
    const metrics = jobMetrics();
    metrics.update(slot0, [metricsOf(source, slot0)], 0);
    expect(metrics.pendingRecords()).toBeUndefined();
    metrics.update(slot0, [metricsOf(source, slot0, { pendingRecords: 5 })], 0);
    metrics.update(slot1, [metricsOf(source, slot1), metricsOf(sink, slot1)], 0);
    expect(metrics.pendingRecords()).toBe(5);
  });
});
