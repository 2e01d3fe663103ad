import type { TransactionalIdPool } from '../checkpoint/attempt-ledger.js';
import type { AcknowledgingSubtask, CheckpointedJob } from '../checkpoint/pending-checkpoint.js';
import type { JobToRun } from '../checkpoint/recovery-decision.js';
import { crossesThreads, type ExecutionPlan, planExecution, slotOf } from '../graph/execution-plan.js';
import { describeGraph } from '../graph/graph-description.js';
import { chainOperators, type JobGraph } from '../graph/job-graph.js';
import { operatorParallelism } from '../graph/operator-parallelism.js';
import type { SinkNode, SourceNode, StreamGraph } from '../graph/stream-graph.js';
import { sha256Hex } from '../host/digest.js';
import type { ThreadChannel } from '../host/task-manager-launcher.js';
import { type OperatorUid, subtaskIndex } from '../protocol/ids.js';
import type { JobEnds } from './job-metrics.js';
import type { JobSettings } from './job-settings.js';

/** A job as the JobManager needs it: all that follows from its graph and its settings, computed once. */
export interface JobDescription {
  readonly jobGraph: JobGraph;
  /** Compared with what each TaskManager built. */
  readonly graphText: string;
  readonly plan: ExecutionPlan;
  readonly sources: readonly SourceNode[];
  readonly sinks: readonly SinkNode[];
  readonly toRun: JobToRun;
  readonly checkpointed: CheckpointedJob;
  readonly subtasks: readonly AcknowledgingSubtask[];
  readonly transactionalIdPools: readonly TransactionalIdPool[];
  readonly threadChannels: readonly ThreadChannel[];
  readonly ends: JobEnds;
  /** How many subtasks an operator has where the job has so many; all, where there is no such operator. */
  subtasksOf(operatorUid: OperatorUid, jobParallelism: number): number;
}

export function describeJob(
  graph: StreamGraph,
  settings: Pick<JobSettings, 'parallelism' | 'maxParallelism'>,
): JobDescription {
  const { parallelism, maxParallelism } = settings;
  const jobGraph = chainOperators(graph);
  const plan = planExecution(jobGraph, parallelism);
  const graphText = describeGraph(graph);
  const graphHash = sha256Hex(graphText);
  const { jobName } = graph;
  const nodes = new Map(graph.nodes.map((node) => [node.uid, node]));
  const subtasksOf = (uid: OperatorUid, jobParallelism: number): number =>
    operatorParallelism(nodes.get(uid) ?? { parallelism: undefined }, jobParallelism);
  return {
    jobGraph,
    graphText,
    plan,
    sources: graph.nodes.filter((node): node is SourceNode => node.kind === 'source'),
    sinks: graph.nodes.filter((node): node is SinkNode => node.kind === 'sink'),
    toRun: {
      jobName,
      graphHash,
      operatorUids: graph.nodes.map((node) => node.uid),
      parallelism,
      maxParallelism,
      subtasksOf,
    },
    checkpointed: { jobName, graphHash, maxParallelism, parallelism },
    subtasks: acknowledgingSubtasks(jobGraph, parallelism),
    transactionalIdPools: poolsOf(graph, parallelism),
    threadChannels: plan.channels.filter(crossesThreads).map((channel) => ({
      index: channel.index,
      fromSlot: slotOf(channel.upstream),
      toSlot: slotOf(channel.downstream),
    })),
    ends: endsOf(jobGraph),
    subtasksOf,
  };
}

function acknowledgingSubtasks(jobGraph: JobGraph, parallelism: number): AcknowledgingSubtask[] {
  return jobGraph.vertices.flatMap((vertex) =>
    Array.from({ length: operatorParallelism(vertex, parallelism) }, (_, index) => ({
      vertexId: vertex.id,
      subtaskIndex: subtaskIndex(index),
      taskName: vertex.name,
    })),
  );
}

function poolsOf(graph: StreamGraph, parallelism: number): TransactionalIdPool[] {
  return graph.nodes.flatMap((node) => {
    if (node.kind !== 'sink' || node.sink.transactions === undefined) return [];
    const { transactionalIdPrefix, poolSize, transactionTimeoutMs } = node.sink.transactions;
    const subtasks = operatorParallelism(node, parallelism);
    return [{ transactionalIdPrefix, subtasks, poolSize, transactionTimeoutMs }];
  });
}

function endsOf(jobGraph: JobGraph): JobEnds {
  const withKind = (kind: 'source' | 'sink') =>
    new Set(
      jobGraph.vertices
        .filter((vertex) => vertex.nodes.some((node) => node.kind === kind))
        .map((vertex) => vertex.id),
    );
  return { sourceVertices: withKind('source'), sinkVertices: withKind('sink') };
}
