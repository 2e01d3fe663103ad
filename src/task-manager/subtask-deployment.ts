import type { SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import { OutputAvailability } from '../exchange/output-availability.js';
import { CurrentOrigin } from '../exchange/record-origin.js';
import { planExecution } from '../graph/execution-plan.js';
import type { JobGraph, JobVertex } from '../graph/job-graph.js';
import { operatorParallelism } from '../graph/operator-parallelism.js';
import type { SourceNode } from '../graph/stream-graph.js';
import type { Clock } from '../host/clock.js';
import type { LogClient } from '../log/log-port.js';
import { watermarkOf } from '../operators/restored-watermark.js';
import {
  type CheckpointId,
  type ExecutionAttempt,
  type OperatorUid,
  type SubtaskIndex,
  type SubtaskRef,
  subtaskIndex,
} from '../protocol/ids.js';
import type { TaskManagerDeployment } from '../protocol/messages.js';
import type { KeyedStateStore } from '../state/keyed-state-backend.js';
import { type BuiltChain, buildChain, type ChainSurroundings, restoredOf } from './chain-builder.js';
import type { ChainOutput } from './chain-output.js';
import { GateInput } from './gate-input.js';
import { SlotChannels, type ThreadChannelEnds } from './slot-channels.js';
import { SourceInput } from './source-input.js';
import { Subtask } from './subtask.js';
import type { CheckpointTaker, SubtaskInput } from './subtask-input.js';

export interface DeploymentSurroundings {
  readonly attempt: ExecutionAttempt;
  readonly clock: Clock;
  readonly state: KeyedStateStore;
  readonly channelEnds: ThreadChannelEnds;
  readonly log: () => Promise<LogClient>;
  readonly wake: () => void;
  readonly fail: (error: unknown) => void;
  readonly acknowledge: (
    subtask: SubtaskRef,
    checkpointId: CheckpointId,
    snapshots: readonly SubtaskSnapshot[],
  ) => void;
  readonly onFirstRecord: (atEpochMs: number) => void;
  readonly onFinished: (subtask: SubtaskRef) => void;
  readonly reportWatermark: (operatorUid: OperatorUid, subtaskIndex: SubtaskIndex, watermark: number) => void;
  readonly warn: (message: string) => void;
  readonly report: (operatorUid: OperatorUid, checkpointId: CheckpointId, value: unknown) => void;
  /** Takes the place of a source's own input: the harness for users' tests pushes elements where a source would read them. */
  readonly replaceSource?: (node: SourceNode, parts: SourceInputParts) => SubtaskInput;
}

/** What a source's input is connected to. */
export interface SourceInputParts {
  readonly output: ChainOutput;
  readonly availability: OutputAvailability;
  readonly takeCheckpoint: CheckpointTaker;
  readonly subtaskIndex: SubtaskIndex;
}

/**
 * Builds this slot's subtask of every vertex and opens its operators, downstream first: so the order of the
 * answer is also the order in which the executor asks them to work.
 */
export async function deploySubtasks(
  jobGraph: JobGraph,
  deployment: TaskManagerDeployment,
  surroundings: DeploymentSurroundings,
): Promise<Subtask[]> {
  const plan = planExecution(jobGraph, deployment.parallelism);
  const channels = new SlotChannels(plan, jobGraph, surroundings.channelEnds, surroundings.wake);
  const subtasks: Subtask[] = [];
  for (const vertex of [...jobGraph.vertices].reverse()) {
    if (deployment.slot >= operatorParallelism(vertex, deployment.parallelism)) continue;
    subtasks.push(await deploySubtask(vertex, { jobGraph, deployment, channels, surroundings }));
  }
  return subtasks;
}

interface DeploymentFacts {
  readonly jobGraph: JobGraph;
  readonly deployment: TaskManagerDeployment;
  readonly channels: SlotChannels;
  readonly surroundings: DeploymentSurroundings;
}

async function deploySubtask(vertex: JobVertex, facts: DeploymentFacts): Promise<Subtask> {
  const { deployment, surroundings, channels } = facts;
  const ref: SubtaskRef = { vertexId: vertex.id, subtaskIndex: subtaskIndex(deployment.slot) };
  const availability = new OutputAvailability(surroundings.wake);
  const origin = new CurrentOrigin();
  // The parts know each other: the chain calls back into the subtask that is made of it.
  const own: { subtask?: Subtask } = {};
  const theSubtask = (): Subtask => {
    if (own.subtask === undefined) throw new Error(`Subtask ${vertex.name} acts before it is built.`);
    return own.subtask;
  };
  const execute = (action: () => void): void => theSubtask().execute(action);
  const chainSurroundings: ChainSurroundings = {
    subtaskIndex: ref.subtaskIndex,
    parallelism: operatorParallelism(vertex, deployment.parallelism),
    maxParallelism: deployment.maxParallelism,
    attempt: surroundings.attempt,
    availability,
    origin,
    clock: surroundings.clock,
    state: surroundings.state,
    restored: deployment.restored,
    log: surroundings.log,
    execute,
    requestResume: () => theSubtask().requestResume(),
    fail: surroundings.fail,
    report: surroundings.report,
    writerOf: (edge) =>
      channels.writerOf(edge, ref.subtaskIndex, { availability, origin }, deployment.maxParallelism),
  };
  const edges = facts.jobGraph.edges.filter((edge) => edge.fromVertex === vertex.id);
  const built = await buildChain(vertex, edges, chainSurroundings);
  const input = createInput(vertex, built, ref, { ...facts, availability, origin, theSubtask });
  const subtask = new Subtask({
    ref,
    input,
    chain: built.chain,
    availability,
    origin,
    clock: surroundings.clock,
    wake: surroundings.wake,
    acknowledge: (checkpointId, snapshots) => surroundings.acknowledge(ref, checkpointId, snapshots),
    onFirstRecord: surroundings.onFirstRecord,
    onFinished: () => surroundings.onFinished(ref),
    fail: surroundings.fail,
  });
  own.subtask = subtask;
  built.chain.open();
  return subtask;
}

/** What the input shares with the rest of its subtask. */
interface SubtaskParts {
  readonly availability: OutputAvailability;
  readonly origin: CurrentOrigin;
  readonly theSubtask: () => Subtask;
}

function createInput(
  vertex: JobVertex,
  built: BuiltChain,
  ref: SubtaskRef,
  facts: DeploymentFacts & SubtaskParts,
): SubtaskInput {
  const { surroundings, availability, origin, theSubtask } = facts;
  const takeCheckpoint: CheckpointTaker = (checkpointId, triggeredAtMs) =>
    theSubtask().takeCheckpoint(checkpointId, triggeredAtMs);
  const head = vertex.nodes[0];
  if (head?.kind === 'source') return createSourceInput(head, built, ref, facts, takeCheckpoint);
  if (built.headOperator === undefined) throw new Error(`Vertex ${vertex.name} has no operator.`);
  return new GateInput({
    gate: facts.channels.gateOf(vertex, ref.subtaskIndex),
    operator: built.headOperator,
    availability,
    origin,
    clock: surroundings.clock,
    takeCheckpoint,
    wake: surroundings.wake,
  });
}

function createSourceInput(
  node: SourceNode,
  built: BuiltChain,
  ref: SubtaskRef,
  facts: DeploymentFacts & SubtaskParts,
  takeCheckpoint: CheckpointTaker,
): SubtaskInput {
  const { deployment, surroundings, availability, origin } = facts;
  if (built.sourceOutput === undefined) throw new Error(`Source ${node.name} has no output.`);
  if (surroundings.replaceSource !== undefined) {
    const output = built.sourceOutput;
    const parts = { output, availability, takeCheckpoint, subtaskIndex: ref.subtaskIndex };
    return surroundings.replaceSource(node, parts);
  }
  const restored = restoredOf(deployment.restored, node.uid, ref.subtaskIndex);
  return new SourceInput({
    operatorUid: node.uid,
    subtaskIndex: ref.subtaskIndex,
    source: node.source,
    strategy: node.watermarks,
    idleTimeoutMs: node.source.idleTimeoutMs,
    splits: deployment.splits.find((each) => each.operatorUid === node.uid)?.splits ?? [],
    restoredWatermark: watermarkOf(restored),
    output: built.sourceOutput,
    availability,
    origin,
    clock: surroundings.clock,
    readerContext: {
      operatorName: node.name,
      subtaskIndex: ref.subtaskIndex,
      availability,
      clock: surroundings.clock,
      log: surroundings.log,
      onAvailable: surroundings.wake,
      fail: surroundings.fail,
      warn: surroundings.warn,
    },
    takeCheckpoint,
    reportWatermark: (watermark) => surroundings.reportWatermark(node.uid, ref.subtaskIndex, watermark),
    execute: (action) => facts.theSubtask().execute(action),
  });
}
