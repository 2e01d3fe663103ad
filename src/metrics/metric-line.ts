import type { Metric, MetricScope } from './metric.js';

/**
 * All metrics as one line of JSON, for logs and `jq`: `operator.subtask.group.name`, as Flink's reporters
 * write a metric's identifier.
 */
export function formatMetricLine(metrics: readonly Metric[]): string {
  const byName: Record<string, number> = {};
  for (const metric of metrics) byName[metricIdentifier(metric)] = rounded(metric.value);
  return JSON.stringify(byName);
}

/** `clicks.0.KafkaSourceReader.topic.clicks.partition.3.currentOffset`. */
export function metricIdentifier({ name, scope }: Metric): string {
  return [...scopeWords(scope), name].join('.');
}

function scopeWords(scope: MetricScope): readonly (string | number)[] {
  switch (scope.kind) {
    case 'job':
      return [];
    case 'task':
      return [scope.taskName, scope.subtaskIndex];
    case 'operator':
      return [...operatorWords(scope), ...scope.group];
    case 'partition':
      return [...operatorWords(scope), ...scope.group, 'topic', scope.topic, 'partition', scope.partition];
  }
}

function operatorWords(scope: Extract<MetricScope, { readonly kind: 'operator' | 'partition' }>) {
  return scope.subtaskIndex === undefined ? [scope.operatorUid] : [scope.operatorUid, scope.subtaskIndex];
}

/** Rates have no end of digits. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
