import type { JobVertex } from '../graph/job-graph.js';
import type { SourceNode } from '../graph/stream-graph.js';
import type { TopicPartitionOffset } from '../log/log-port.js';
import type { PartitionMetrics, SinkMetrics, SubtaskMetrics } from '../protocol/messages.js';
import type { Metric, MetricScope, OperatorScope } from './metric.js';
import type { SubtaskRates } from './subtask-rates.js';

/** What the JobManager knows of a running job. */
export interface JobReport {
  readonly numRestarts: number;
  readonly numberOfCompletedCheckpoints: number;
  readonly numberOfFailedCheckpoints: number;
  /** In ms and bytes; undefined before the first. */
  readonly lastCheckpoint: { readonly durationMs: number; readonly stateBytes: number } | undefined;
  readonly tasks: readonly TaskReport[];
}

/** The newest report of one subtask. */
export interface SubtaskReport {
  readonly metrics: SubtaskMetrics;
  readonly rates: SubtaskRates;
}

/** A vertex and all of its subtasks that have reported. */
export interface TaskReport {
  readonly vertex: JobVertex;
  readonly subtasks: readonly SubtaskReport[];
  /** Of the source that the vertex begins with: what was committed to its group. */
  readonly commits: CommitReport | undefined;
}

export interface CommitReport {
  readonly commitsSucceeded: number;
  readonly commitsFailed: number;
  readonly offsets: readonly TopicPartitionOffset[];
}

/** All metrics of a job, by Flink's names and in Flink's units. What is not known is left out. */
export function listMetrics(report: JobReport): readonly Metric[] {
  return [...jobMetrics(report), ...report.tasks.flatMap(taskMetrics)];
}

function jobMetrics(report: JobReport): Metric[] {
  const { lastCheckpoint } = report;
  const job = new ScopedMetrics({ kind: 'job' });
  job.counter('numRestarts', report.numRestarts);
  job.counter('numberOfCompletedCheckpoints', report.numberOfCompletedCheckpoints);
  job.counter('numberOfFailedCheckpoints', report.numberOfFailedCheckpoints);
  job.gauge('lastCheckpointDuration', lastCheckpoint?.durationMs);
  job.gauge('lastCheckpointSize', lastCheckpoint?.stateBytes);
  return job.metrics;
}

function taskMetrics({ vertex, subtasks, commits }: TaskReport): Metric[] {
  const [head] = vertex.nodes;
  const listed: Metric[] = [];
  for (const { metrics, rates } of subtasks) {
    const { subtaskIndex } = metrics.subtask;
    listed.push(...subtaskMetrics({ kind: 'task', taskName: vertex.name, subtaskIndex }, metrics, rates));
    if (head?.kind === 'source')
      listed.push(
        ...sourceMetrics(operatorScope(vertex, head, subtaskIndex), metrics, rates, commits?.offsets),
      );
    for (const sink of metrics.sinks) {
      const node = vertex.nodes.find(({ uid }) => uid === sink.operatorUid);
      if (node !== undefined) listed.push(...sinkMetrics(operatorScope(vertex, node, subtaskIndex), sink));
    }
  }
  if (commits !== undefined && head?.kind === 'source') {
    const reader = new ScopedMetrics(within(operatorScope(vertex, head, undefined), 'KafkaSourceReader'));
    reader.counter('commitsSucceeded', commits.commitsSucceeded);
    reader.counter('commitsFailed', commits.commitsFailed);
    listed.push(...reader.metrics);
  }
  return listed;
}

function subtaskMetrics(scope: MetricScope, metrics: SubtaskMetrics, rates: SubtaskRates): Metric[] {
  const task = new ScopedMetrics(scope);
  task.counter('numRecordsIn', metrics.numRecordsIn);
  task.counter('numRecordsOut', metrics.numRecordsOut);
  task.counter('numBytesOut', metrics.numBytesOut);
  task.counter('numLateRecordsDropped', metrics.numLateRecordsDropped);
  for (const [name, value] of Object.entries(rates)) task.gauge(name, value);
  task.gauge('isBackPressured', metrics.isBackPressured ? 1 : 0);
  task.gauge('currentInputWatermark', metrics.currentInputWatermark);
  task.gauge('checkpointAlignmentTime', metrics.checkpointAlignmentTimeMs * nanosecondsPerMs);
  return task.metrics;
}

const nanosecondsPerMs = 1_000_000;

function sourceMetrics(
  scope: OperatorScope,
  metrics: SubtaskMetrics,
  rates: SubtaskRates,
  committed: readonly TopicPartitionOffset[] = [],
): Metric[] {
  const source = new ScopedMetrics(scope);
  source.counter('numRecordsIn', metrics.numRecordsIn);
  source.gauge('numRecordsInPerSecond', rates.numRecordsInPerSecond);
  source.counter('numRecordsInErrors', metrics.numRecordsInErrors);
  source.gauge('pendingRecords', metrics.pendingRecords);
  const { partitions } = metrics;
  const lags = partitions.map(({ recordsLag }) => recordsLag).filter((lag) => lag !== undefined);
  const consumer = new ScopedMetrics(within(scope, 'KafkaSourceReader', 'KafkaConsumer'));
  consumer.gauge('records-lag-max', lags.length === 0 ? undefined : Math.max(...lags));
  return [
    ...source.metrics,
    ...consumer.metrics,
    ...partitions.flatMap((partition) => partitionMetrics(scope, partition, committed)),
  ];
}

function partitionMetrics(
  scope: OperatorScope,
  { topic, partition, currentOffset, recordsLag, offsetResets }: PartitionMetrics,
  committed: readonly TopicPartitionOffset[],
): Metric[] {
  const { group } = within(scope, 'KafkaSourceReader');
  const metrics = new ScopedMetrics({ ...scope, kind: 'partition', group, topic, partition });
  metrics.gauge('currentOffset', currentOffset);
  const commit = committed.find((offset) => offset.partition === partition && offset.topic === topic);
  metrics.gauge('committedOffset', commit?.offset);
  metrics.gauge('records-lag', recordsLag);
  metrics.counter('offsetResets', offsetResets);
  return metrics.metrics;
}

function sinkMetrics(scope: OperatorScope, metrics: SinkMetrics): Metric[] {
  const sink = new ScopedMetrics(scope);
  sink.counter('numRecordsSend', metrics.numRecordsSend);
  sink.counter('numBytesSend', metrics.numBytesSend);
  sink.gauge('pendingCommittables', metrics.pendingCommittables);
  sink.counter('successfulCommittables', metrics.successfulCommittables);
  return sink.metrics;
}

function operatorScope(
  vertex: JobVertex,
  node: Pick<SourceNode, 'uid' | 'name'>,
  subtaskIndex: number | undefined,
): OperatorScope {
  const { uid, name } = node;
  return {
    kind: 'operator',
    taskName: vertex.name,
    operatorUid: uid,
    operatorName: name,
    subtaskIndex,
    group: [],
  };
}

function within(scope: OperatorScope, ...group: readonly string[]): OperatorScope {
  return { ...scope, group };
}

class ScopedMetrics {
  readonly metrics: Metric[] = [];
  private readonly scope: MetricScope;

  constructor(scope: MetricScope) {
    this.scope = scope;
  }

  counter(name: string, value: number): void {
    this.metrics.push({ name, kind: 'counter', scope: this.scope, value });
  }

  gauge(name: string, value: number | undefined): void {
    if (value !== undefined) this.metrics.push({ name, kind: 'gauge', scope: this.scope, value });
  }
}
