import type { OperatorSnapshot, SubtaskSnapshot } from '../checkpoint/checkpoint-metadata.js';
import type { OutputAvailability } from '../exchange/output-availability.js';
import type { CurrentOrigin } from '../exchange/record-origin.js';
import type { RecordWriter } from '../exchange/record-writer.js';
import type { JobEdge, JobVertex } from '../graph/job-graph.js';
import type { OperatorNode, SinkNode, StreamNode } from '../graph/stream-graph.js';
import type { Clock } from '../host/clock.js';
import { keyGroupRangeForSubtask } from '../key-groups/key-group-assignment.js';
import type { LogClient } from '../log/log-port.js';
import { ChainFailure } from '../operators/chain-failure.js';
import { SinkOperator } from '../operators/sink-operator.js';
import type { OperatorContext, StreamOperator } from '../operators/stream-operator.js';
import type { CheckpointId, ExecutionAttempt, OperatorUid, SubtaskIndex } from '../protocol/ids.js';
import type { KeyedStateBackend, KeyedStateHandle, KeyedStateStore } from '../state/keyed-state-backend.js';
import { OperatorStateStore } from '../state/operator-state-store.js';
import { ChainedTarget, ChainOutput, EdgeTarget, type OutputTarget } from './chain-output.js';
import { type ChainLink, OperatorChain } from './operator-chain.js';

/** What the operators of one subtask's chain are made with. */
export interface ChainSurroundings {
  readonly subtaskIndex: SubtaskIndex;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly attempt: ExecutionAttempt;
  readonly availability: OutputAvailability;
  readonly origin: CurrentOrigin;
  readonly clock: Clock;
  readonly state: KeyedStateStore;
  readonly restored: readonly SubtaskSnapshot[];
  readonly log: () => Promise<LogClient>;
  readonly execute: (action: () => void) => void;
  readonly requestResume: () => void;
  readonly fail: (error: unknown) => void;
  readonly report: (operatorUid: OperatorUid, checkpointId: CheckpointId, value: unknown) => void;
  /** The writer of an edge that leaves the vertex. */
  readonly writerOf: (edge: JobEdge) => RecordWriter;
}

export interface BuiltChain {
  readonly chain: OperatorChain;
  /** What the head emits into when it is a source. */
  readonly sourceOutput: ChainOutput | undefined;
  /** The operator that a gate feeds, when the head is none. */
  readonly headOperator: StreamOperator<unknown> | undefined;
}

/** Makes the operators of a vertex from its end to its head, each with the output that calls the next. */
export async function buildChain(
  vertex: JobVertex,
  edges: readonly JobEdge[],
  surroundings: ChainSurroundings,
): Promise<BuiltChain> {
  const operators = new Map<number, StreamOperator<unknown>>();
  const links: ChainLink[] = [];
  const edgeTargets: EdgeTarget[] = [];
  const failure = new ChainFailure();
  let sourceOutput: ChainOutput | undefined;
  for (const node of [...vertex.nodes].reverse()) {
    const output = outputOf(node, vertex, edges, operators, surroundings, edgeTargets);
    if (node.kind === 'source') {
      sourceOutput = output;
      continue;
    }
    const keyedState = await openKeyedState(node, surroundings);
    const context = contextOf(node, output, keyedState, failure, surroundings);
    const operator = createOperator(node, context, surroundings);
    operators.set(node.id, operator);
    links.unshift({ node, operator, operatorState: context.operatorState });
  }
  return {
    chain: new OperatorChain({ links, edges: edgeTargets, subtaskIndex: surroundings.subtaskIndex }),
    sourceOutput,
    headOperator: links[0]?.operator,
  };
}

/** An operator's own part of the restored checkpoint. */
export function restoredOf(
  restored: readonly SubtaskSnapshot[],
  operatorUid: OperatorUid,
  subtaskIndex: SubtaskIndex,
): OperatorSnapshot | undefined {
  return restored.find((each) => each.operatorUid === operatorUid && each.subtaskIndex === subtaskIndex)
    ?.snapshot;
}

function outputOf(
  node: StreamNode,
  vertex: JobVertex,
  edges: readonly JobEdge[],
  operators: ReadonlyMap<number, StreamOperator<unknown>>,
  surroundings: ChainSurroundings,
  edgeTargets: EdgeTarget[],
): ChainOutput {
  const main: OutputTarget[] = [];
  const sides = new Map<string, OutputTarget[]>();
  const add = (sideOutput: string | undefined, target: OutputTarget): void => {
    if (sideOutput === undefined) main.push(target);
    else sides.set(sideOutput, [...(sides.get(sideOutput) ?? []), target]);
  };
  for (const chained of vertex.nodes) {
    const [input] = chained.inputs;
    const operator = operators.get(chained.id);
    if (chained !== vertex.nodes[0] && input?.from === node.id && operator !== undefined) {
      add(input.sideOutput, new ChainedTarget(operator));
    }
  }
  for (const edge of edges) {
    if (edge.fromNode !== node.id) continue;
    const target = new EdgeTarget(surroundings.writerOf(edge));
    edgeTargets.push(target);
    add(edge.sideOutput, target);
  }
  return new ChainOutput(main, sides);
}

async function openKeyedState(
  node: OperatorNode | SinkNode,
  surroundings: ChainSurroundings,
): Promise<KeyedStateBackend | undefined> {
  if (node.kind !== 'operator' || !node.isKeyed) return undefined;
  const { subtaskIndex, parallelism, maxParallelism, attempt, restored, fail } = surroundings;
  const handle = restoredOf(restored, node.uid, subtaskIndex)?.keyedState;
  return surroundings.state.open({
    operatorUid: node.uid,
    attempt,
    keyGroupRange: keyGroupRangeForSubtask(subtaskIndex, parallelism, maxParallelism),
    maxParallelism,
    restore: handle as KeyedStateHandle | undefined,
    onFailure: fail,
  });
}

function contextOf(
  node: OperatorNode | SinkNode,
  output: ChainOutput,
  keyedState: KeyedStateBackend | undefined,
  failure: ChainFailure,
  surroundings: ChainSurroundings,
): OperatorContext<unknown> {
  const { subtaskIndex, parallelism, maxParallelism } = surroundings;
  const restored = restoredOf(surroundings.restored, node.uid, subtaskIndex);
  return {
    uid: node.uid,
    name: node.name,
    subtaskIndex,
    parallelism,
    maxParallelism,
    attempt: surroundings.attempt,
    keyGroupRange: keyGroupRangeForSubtask(subtaskIndex, parallelism, maxParallelism),
    output,
    failure,
    availability: surroundings.availability,
    origin: surroundings.origin,
    keyedState,
    operatorState: new OperatorStateStore(node.name, restored?.operatorState),
    restored,
    clock: surroundings.clock,
    log: surroundings.log,
    execute: surroundings.execute,
    requestResume: surroundings.requestResume,
    fail: surroundings.fail,
  };
}

function createOperator(
  node: OperatorNode | SinkNode,
  context: OperatorContext<unknown>,
  surroundings: ChainSurroundings,
): StreamOperator<unknown> {
  switch (node.kind) {
    case 'operator':
      return node.createOperator(context) as StreamOperator<unknown>;
    case 'sink':
      return new SinkOperator(
        node.sink,
        (checkpointId, value) => surroundings.report(node.uid, checkpointId, value),
        context as unknown as OperatorContext<never>,
      );
  }
}
