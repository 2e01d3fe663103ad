import type { JobReport } from '../metrics/list-metrics.js';
import type { JobDescription } from './job-description.js';
import type { JobMetrics } from './job-metrics.js';
import type { OffsetCommits } from './offset-commits.js';

/** What the JobManager knows at present, by vertex. */
export function jobReport(job: JobDescription, metrics: JobMetrics, commits: OffsetCommits): JobReport {
  const { numRestarts, checkpoints } = metrics.totals();
  return {
    numRestarts,
    numberOfCompletedCheckpoints: checkpoints.completed,
    numberOfFailedCheckpoints: checkpoints.failed,
    lastCheckpoint: checkpoints.last,
    tasks: job.jobGraph.vertices.map((vertex) => {
      const [head] = vertex.nodes;
      return {
        vertex,
        subtasks: metrics.subtaskReports(vertex.id),
        commits: head?.kind === 'source' ? commits.of(head.uid) : undefined,
      };
    }),
  };
}
