import { Counter, Gauge, Registry } from 'prom-client';
import type { Metric, MetricScope } from './metric.js';

/**
 * A job's metrics in Prometheus's text format, with the names and labels that Flink's own reporter gives them,
 * so that what people have built for Flink (dashboards, alerts) finds them.
 */
export async function prometheusText(
  jobName: string,
  metrics: readonly Metric[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  // A registry for each scrape: what is no longer there (a subtask, a partition) leaves nothing behind.
  const registry = new Registry();
  const families = new Map<string, Counter | Gauge>();
  for (const metric of metrics) {
    const labels = labelsOf(jobName, metric.scope);
    const name = familyName(metric);
    let family = families.get(name);
    if (family === undefined) {
      family = newFamily(metric, name, Object.keys(labels), registry);
      families.set(name, family);
    }
    // Either takes an absolute value this way, since each series is new.
    family.inc(labels, metric.value);
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function newFamily(
  metric: Metric,
  name: string,
  labelNames: readonly string[],
  registry: Registry,
): Counter | Gauge {
  const configuration = {
    name,
    help: `${metric.name} (scope: ${metric.scope.kind})`,
    labelNames,
    registers: [registry],
  };
  return metric.kind === 'counter' ? new Counter(configuration) : new Gauge(configuration);
}

function familyName({ name, scope }: Metric): string {
  return [...scopeName(scope), name].join('_').replace(/[^a-zA-Z0-9:_]/g, '_');
}

function scopeName(scope: MetricScope): readonly string[] {
  switch (scope.kind) {
    case 'job':
      return ['flink_jobmanager_job'];
    case 'task':
      return ['flink_taskmanager_job_task'];
    case 'operator':
      return ['flink_taskmanager_job_task_operator', ...scope.group];
    case 'partition':
      return ['flink_taskmanager_job_task_operator', ...scope.group, 'topic', 'partition'];
  }
}

function labelsOf(jobName: string, scope: MetricScope): Record<string, string | number> {
  switch (scope.kind) {
    case 'job':
      return { job_name: jobName };
    case 'task':
      return { job_name: jobName, task_name: scope.taskName, subtask_index: scope.subtaskIndex };
    case 'operator':
      return operatorLabels(jobName, scope);
    case 'partition':
      return { ...operatorLabels(jobName, scope), topic: scope.topic, partition: scope.partition };
  }
}

function operatorLabels(
  jobName: string,
  scope: Extract<MetricScope, { readonly kind: 'operator' | 'partition' }>,
): Record<string, string | number> {
  return {
    job_name: jobName,
    task_name: scope.taskName,
    operator_name: scope.operatorName,
    operator_id: scope.operatorUid,
    ...(scope.subtaskIndex === undefined ? {} : { subtask_index: scope.subtaskIndex }),
  };
}
