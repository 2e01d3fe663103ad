import type { StreamExecutionEnvironment } from '../../src/api/environment.js';
import { defineJob } from '../../src/api/job.js';
import { defaultCheckpointSettings } from '../../src/checkpoint/checkpoint-settings.js';
import type { StreamGraph } from '../../src/graph/stream-graph.js';
import type { Logger } from '../../src/host/logger.js';
import { describeJob, type JobDescription } from '../../src/job-manager/job-description.js';
import type { JobSettings } from '../../src/job-manager/job-settings.js';
import type { SlotIndex, SubtaskRef, VertexId } from '../../src/protocol/ids.js';
import { subtaskIndex } from '../../src/protocol/ids.js';
import type { SubtaskMetrics } from '../../src/protocol/messages.js';
import { collectSink } from '../../src/sinks/collect-sink.js';

export const testSettings: JobSettings = {
  parallelism: 2,
  maxParallelism: 8,
  checkpoints: { ...defaultCheckpointSettings, checkpointIntervalMs: 100 },
  restartStrategy: { kind: 'fixed-delay', attempts: 3, delayMs: 50 },
  liveness: { heartbeatIntervalMs: 100, heartbeatTimeoutMs: 1_000 },
};

export const graphOf = (build: (env: StreamExecutionEnvironment) => void): StreamGraph =>
  defineJob('test', build).buildGraph();

/** A source with four splits and a sink behind an exchange: two vertices, and so four subtasks. */
export const spreadGraph = (): StreamGraph =>
  graphOf((env) =>
    env.fromSequence(1, 100, { uid: 'numbers' }).rebalance().sinkTo(collectSink<number>(), { uid: 'out' }),
  );

export const spreadJob = (settings: JobSettings = testSettings): JobDescription =>
  describeJob(spreadGraph(), settings);

/** Every subtask of a job of two vertices that runs in the slot. */
export function subtasksOf(job: JobDescription, slot: SlotIndex): SubtaskRef[] {
  return job.jobGraph.vertices.map((vertex) => ({ vertexId: vertex.id, subtaskIndex: subtaskIndex(slot) }));
}

export function metricsOf(
  vertexId: VertexId,
  slot: SlotIndex,
  values: Partial<SubtaskMetrics> = {},
): SubtaskMetrics {
  return {
    subtask: { vertexId, subtaskIndex: subtaskIndex(slot) },
    numRecordsIn: 0,
    firstRecordAtMs: undefined,
    lastRecordAtMs: undefined,
    numRecordsOut: 0,
    numBytesOut: 0,
    numLateRecordsDropped: 0,
    currentInputWatermark: 0,
    isBackPressured: false,
    checkpointAlignmentTimeMs: 0,
    busyTimeMs: 0,
    backPressuredTimeMs: 0,
    pendingRecords: undefined,
    numRecordsInErrors: 0,
    partitions: [],
    sinks: [],
    ...values,
  };
}

export class CollectingLogger implements Logger {
  readonly lines: string[] = [];

  info(message: string): void {
    this.lines.push(`info ${message}`);
  }

  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }

  error(message: string): void {
    this.lines.push(`error ${message}`);
  }
}
