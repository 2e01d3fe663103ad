import type { DataStream } from '../../src/api/data-stream.js';
import { defineJob } from '../../src/api/job.js';
import { Watermarks } from '../../src/api/watermarks.js';
import type { SubtaskSnapshot } from '../../src/checkpoint/checkpoint-metadata.js';
import { OutputAvailability } from '../../src/exchange/output-availability.js';
import { CurrentOrigin, noOrigin, type RecordOrigin } from '../../src/exchange/record-origin.js';
import { chainOperators, type JobEdge, type JobVertex } from '../../src/graph/job-graph.js';
import type { Clock } from '../../src/host/clock.js';
import type { StreamOperator } from '../../src/operators/stream-operator.js';
import { type CheckpointId, type ExecutionAttempt, subtaskIndex } from '../../src/protocol/ids.js';
import { discardSink } from '../../src/sinks/discard-sink.js';
import type { KeyedStateStore } from '../../src/state/keyed-state-backend.js';
import { buildChain } from '../../src/task-manager/chain-builder.js';
import { Subtask } from '../../src/task-manager/subtask.js';
import { type Arrival, PushedInput, type PushTarget } from '../../src/testing/pushed-input.js';
import { OneSlotOutput, type OutputSize } from './one-slot-edge.js';

/**
 * Describes the operators under test, and with `observe` which of their streams are looked at. The second
 * stream is for two-input operators; what arrives of it is of the same type, so that one list of steps holds both.
 */
export type Pipeline<In> = (input: DataStream<In>, second: DataStream<In>) => void;

/** The stream's elements leave the operators under test, over an edge numbered by the order of these calls. */
export function observe<T>(stream: DataStream<T>): void {
  stream.rebalance().sinkTo(discardSink());
}

/** The one vertex that the operators under test are chained into (the last, where others prepare its input), and the edges that leave it. */
export function vertexUnderTest<In>(pipeline: Pipeline<In>): {
  readonly vertex: JobVertex;
  readonly edges: readonly JobEdge[];
} {
  const job = defineJob('operators-under-test', (env) => {
    // Redistributed, so that the operators are no part of a source's chain.
    const input = (): DataStream<In> =>
      env.fromCollection<In>([], { watermarks: Watermarks.monotonous() }).rebalance();
    pipeline(input(), input());
  });
  const { vertices, edges } = chainOperators(job.buildGraph());
  const vertex = vertices.findLast(({ nodes }) => nodes[0]?.kind === 'operator');
  if (vertex === undefined) throw new Error('The pipeline describes no operator.');
  return { vertex, edges: edges.filter((edge) => edge.fromVertex === vertex.id) };
}

export interface OperatorSubtaskOptions {
  readonly clock: Clock;
  readonly state: KeyedStateStore;
  readonly attempt: ExecutionAttempt;
  readonly restored: readonly SubtaskSnapshot[];
  readonly outputSize: OutputSize;
  readonly place?: SubtaskPlace | undefined;
  /** Where an element comes from; from nowhere, unless the test says so. */
  readonly originOf?: ((value: unknown) => RecordOrigin) | undefined;
}

/** Which part of the keys the operators under test have: all, unless the test says otherwise. */
export interface SubtaskPlace {
  readonly index: number;
  readonly parallelism: number;
}

export const maxParallelism = 8;

/** The operators under test in the subtask and the chain that run them in a job; only input and output are the test's. */
export class OperatorSubtask<In> {
  readonly output: OneSlotOutput;
  readonly acknowledged = new Map<CheckpointId, readonly SubtaskSnapshot[]>();
  readonly failures: unknown[] = [];
  private readonly subtask: Subtask;
  private readonly input: PushedInput<In>;
  /** Since the last step of `work` began. */
  private hasAskedForTurn = false;

  private constructor(subtask: Subtask, input: PushedInput<In>, output: OneSlotOutput) {
    this.subtask = subtask;
    this.input = input;
    this.output = output;
  }

  static async open<In>(
    pipeline: Pipeline<In>,
    options: OperatorSubtaskOptions,
  ): Promise<OperatorSubtask<In>> {
    const { vertex, edges } = vertexUnderTest(pipeline);
    const availability = new OutputAvailability(() => {});
    const origin = new CurrentOrigin();
    const output = new OneSlotOutput(availability, options.outputSize, origin);
    const own: { subtask?: OperatorSubtask<In> } = {};
    const fail = (error: unknown): void => void own.subtask?.failures.push(error);
    const { chain, headOperator } = await buildChain(vertex, edges, {
      subtaskIndex: subtaskIndex(options.place?.index ?? 0),
      parallelism: options.place?.parallelism ?? 1,
      maxParallelism,
      attempt: options.attempt,
      availability,
      origin,
      clock: options.clock,
      state: options.state,
      restored: options.restored,
      log: () => Promise.reject(new Error('The operators under test have no log.')),
      execute: (action) => own.subtask?.subtask.execute(action),
      requestResume: () => own.subtask?.subtask.requestResume(),
      fail,
      report: (_uid, _checkpointId, value) => output.push({ kind: 'reported', value }),
      writerOf: (edge) => output.writerOf(edges.indexOf(edge)),
    });
    if (headOperator === undefined) throw new Error('The pipeline describes no operator.');
    const target = targetOf(headOperator, origin, options.originOf ?? (() => noOrigin));
    const input = new PushedInput<In>(target, availability, (id, atMs) =>
      own.subtask?.subtask.takeCheckpoint(id, atMs),
    );
    const subtask = new Subtask({
      ref: { vertexId: vertex.id, subtaskIndex: subtaskIndex(0) },
      input,
      chain,
      availability,
      origin,
      clock: options.clock,
      wake: () => own.subtask?.wake(),
      acknowledge: (id, snapshots) => own.subtask?.acknowledged.set(id, snapshots),
      onFirstRecord: () => {},
      onFinished: () => {},
      fail,
    });
    own.subtask = new OperatorSubtask(subtask, input, output);
    chain.open();
    return own.subtask;
  }

  offer(arrival: Arrival<In>): void {
    this.input.push(arrival);
  }

  endInput(): void {
    this.input.hasEnded = true;
  }

  triggerCheckpoint(id: CheckpointId): void {
    this.subtask.triggerCheckpoint(id, 0);
  }

  notifyCheckpointComplete(id: CheckpointId): void {
    this.subtask.notifyCheckpointComplete(id);
  }

  /** One step of the executor. */
  step(recordsMax = 1): ReturnType<Subtask['step']> {
    return this.subtask.step(recordsMax);
  }

  /** Gives the subtask turns, and its output room whenever that is full, until there is nothing to do. */
  work(): void {
    for (let turns = 0; turns < turnsMax; turns += 1) {
      const result = this.step();
      if (result === 'idle') return;
      if (result === 'blocked' && !this.hasAskedForTurn) this.output.makeRoom();
      this.hasAskedForTurn = false;
    }
    throw new Error(`The operators under test have not come to rest within ${turnsMax} turns.`);
  }

  private wake(): void {
    this.hasAskedForTurn = true;
  }

  /** What was offered and has not been taken. */
  get pendingArrivals(): number {
    return this.input.arrivalsWaiting;
  }

  get numLateRecordsDropped(): number {
    return this.subtask.metrics().numLateRecordsDropped;
  }

  close(): Promise<void> {
    return this.subtask.close();
  }
}

/** Far more than any test needs. */
const turnsMax = 1_000_000;

/** Straight into the operator, as a gate calls it. */
function targetOf(
  operator: StreamOperator<unknown>,
  origin: CurrentOrigin,
  originOf: (value: unknown) => RecordOrigin,
): PushTarget {
  return {
    collect: (value, timestamp, input) => {
      origin.copy(originOf(value));
      operator.processElement(value, timestamp, input);
      origin.clear();
    },
    emitWatermark: (timestamp) => operator.processWatermark(timestamp),
    emitWatermarkStatus: (idle) => operator.processWatermarkStatus(idle),
  };
}
