import { expect, it } from 'vitest';
import { ProgressMeter } from '../../src/cli/progress-meter.js';
import type { JobManager } from '../../src/job-manager/job-manager.js';
import { JobMetrics } from '../../src/job-manager/job-metrics.js';
import { checkpointId, slotIndex, vertexId } from '../../src/protocol/ids.js';
import { metricsOf } from '../job-manager/job-manager-fixtures.js';
import { SimulatedClock } from '../simulation/simulated-clock.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

const slot = slotIndex(0);
const [source, sink] = [vertexId(0), vertexId(1)];

it('The progress has rates over a second at least, and what was last known of the rest', async () => {
  const clock = new SimulatedClock(new SimulatedRandom(1));
  const metrics = new JobMetrics({ sourceVertices: new Set([source]), sinkVertices: new Set([sink]) });
  const job: Pick<JobManager, 'status' | 'jobMetrics'> = { status: 'RUNNING', jobMetrics: metrics };
  const meter = new ProgressMeter(job as JobManager, clock);
  const report = (read: number, written: number): void =>
    metrics.update(
      slot,
      [
        metricsOf(source, slot, { numRecordsIn: read, pendingRecords: 7 }),
        metricsOf(sink, slot, { numRecordsIn: written }),
      ],
      0,
    );

  report(500, 100);
  await clock.advance(500);
  expect(meter.progress()).toEqual({
    state: 'RUNNING',
    recordsIn: 500,
    recordsOut: 100,
    inPerSecond: 0,
    outPerSecond: 0,
    pendingRecords: 7,
    restarts: 0,
  });

  report(3_000, 400);
  metrics.checkpointCompleted({ id: checkpointId(4), durationMs: 12, stateBytes: 99 });
  await clock.advance(1_500);
  expect(meter.progress()).toMatchObject({
    inPerSecond: 1_500,
    outPerSecond: 200,
    lastCheckpoint: { id: 4, durationMs: 12, bytes: 99 },
  });
  // Too soon for a new rate.
  report(9_000, 900);
  await clock.advance(200);
  expect(meter.progress()).toMatchObject({ recordsIn: 9_000, inPerSecond: 1_500 });
});
