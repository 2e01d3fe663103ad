import { describe, expect, it } from 'vitest';
import type { JobVertex } from '../../src/graph/job-graph.js';
import { type JobReport, listMetrics } from '../../src/metrics/list-metrics.js';
import { formatMetricLine } from '../../src/metrics/metric-line.js';
import { prometheusText } from '../../src/metrics/prometheus-text.js';
import { SubtaskRateMeter } from '../../src/metrics/subtask-rates.js';
import { operatorUid, slotIndex, vertexId } from '../../src/protocol/ids.js';
import { metricsOf } from '../job-manager/job-manager-fixtures.js';

/** A source chained to a sink, of which subtask 1 has reported. */
function report(): JobReport {
  const nodes = [
    { kind: 'source', uid: 'clicks', name: 'Clicks "today"' },
    { kind: 'sink', uid: 'totals', name: 'Totals' },
  ];
  const vertex = { id: vertexId(0), name: 'Clicks "today" -> Totals', nodes } as unknown as JobVertex;
  const metrics = metricsOf(vertexId(0), slotIndex(1), {
    numRecordsIn: 90,
    pendingRecords: 11,
    checkpointAlignmentTimeMs: 2,
    partitions: [
      { topic: 'c.l', partition: 1, currentOffset: 41, recordsLag: 4, offsetResets: 0 },
      { topic: 'c.l', partition: 3, currentOffset: 47, recordsLag: 7, offsetResets: 2 },
      { topic: 'c.l', partition: 5, currentOffset: -1, recordsLag: undefined, offsetResets: 0 },
    ],
    sinks: [
      {
        operatorUid: operatorUid('totals'),
        numRecordsSend: 88,
        numBytesSend: 900,
        pendingCommittables: 1,
        successfulCommittables: 6,
      },
    ],
  });
  return {
    numRestarts: 1,
    numberOfCompletedCheckpoints: 7,
    numberOfFailedCheckpoints: 0,
    lastCheckpoint: { durationMs: 12.345, stateBytes: 400 },
    tasks: [
      {
        vertex,
        subtasks: [{ metrics, rates: new SubtaskRateMeter().rates() }],
        commits: {
          commitsSucceeded: 5,
          commitsFailed: 2,
          offsets: [{ topic: 'c.l', partition: 3, offset: 40 }],
        },
      },
    ],
  };
}

describe('A job’s metrics', () => {
  it('have Flink’s names and identifiers, in one line of JSON', () => {
    const line = JSON.parse(formatMetricLine(listMetrics(report()))) as Record<string, number>;
    expect(line).toMatchObject({
      numRestarts: 1,
      numberOfCompletedCheckpoints: 7,
      lastCheckpointDuration: 12.35,
      'Clicks "today" -> Totals.1.numRecordsIn': 90,
      'Clicks "today" -> Totals.1.checkpointAlignmentTime': 2_000_000,
      'clicks.1.numRecordsIn': 90,
      'clicks.1.pendingRecords': 11,
      'clicks.1.KafkaSourceReader.KafkaConsumer.records-lag-max': 7,
      'clicks.1.KafkaSourceReader.topic.c.l.partition.3.currentOffset': 47,
      'clicks.1.KafkaSourceReader.topic.c.l.partition.3.committedOffset': 40,
      'clicks.1.KafkaSourceReader.topic.c.l.partition.3.offsetResets': 2,
      'clicks.KafkaSourceReader.commitsSucceeded': 5,
      'clicks.KafkaSourceReader.commitsFailed': 2,
      'totals.1.numRecordsSend': 88,
      'totals.1.successfulCommittables': 6,
    });
    expect(line).not.toHaveProperty(['clicks.1.KafkaSourceReader.topic.c.l.partition.1.committedOffset']);
    expect(line).not.toHaveProperty(['clicks.1.KafkaSourceReader.topic.c.l.partition.5.records-lag']);
  });

  it('have the names and labels of Flink’s Prometheus reporter', async () => {
    const { text, contentType } = await prometheusText('click-totals', listMetrics(report()));
    expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    const operator =
      'job_name="click-totals",task_name="Clicks \\"today\\" -> Totals",operator_name="Clicks \\"today\\"",operator_id="clicks"';
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        '# TYPE flink_jobmanager_job_numRestarts counter',
        'flink_jobmanager_job_numRestarts{job_name="click-totals"} 1',
        '# TYPE flink_jobmanager_job_lastCheckpointDuration gauge',
        `flink_taskmanager_job_task_operator_KafkaSourceReader_KafkaConsumer_records_lag_max{${operator},subtask_index="1"} 7`,
        `flink_taskmanager_job_task_operator_KafkaSourceReader_topic_partition_currentOffset{${operator},subtask_index="1",topic="c.l",partition="3"} 47`,
        `flink_taskmanager_job_task_operator_KafkaSourceReader_topic_partition_currentOffset{${operator},subtask_index="1",topic="c.l",partition="5"} -1`,
        `flink_taskmanager_job_task_operator_KafkaSourceReader_commitsFailed{${operator}} 2`,
        'flink_taskmanager_job_task_numRecordsIn{job_name="click-totals",task_name="Clicks \\"today\\" -> Totals",subtask_index="1"} 90',
      ]),
    );
  });

  it('leave out what is not known', () => {
    const known = { ...report(), lastCheckpoint: undefined, tasks: [] };
    expect(JSON.parse(formatMetricLine(listMetrics(known)))).toEqual({
      numRestarts: 1,
      numberOfCompletedCheckpoints: 7,
      numberOfFailedCheckpoints: 0,
    });
  });
});
