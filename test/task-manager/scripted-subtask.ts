import type { OperatorSnapshot, SubtaskSnapshot } from '../../src/checkpoint/checkpoint-metadata.js';
import type { OutputChannel } from '../../src/exchange/channel.js';
import { OutputAvailability } from '../../src/exchange/output-availability.js';
import { CurrentOrigin } from '../../src/exchange/record-origin.js';
import { createRecordRouter } from '../../src/exchange/record-router.js';
import { RecordWriter } from '../../src/exchange/record-writer.js';
import type { StreamNode } from '../../src/graph/stream-graph.js';
import type { Clock } from '../../src/host/clock.js';
import type { StreamOperator } from '../../src/operators/stream-operator.js';
import { type CheckpointId, operatorUid, subtaskIndex, vertexId } from '../../src/protocol/ids.js';
import { OperatorStateStore } from '../../src/state/operator-state-store.js';
import { EdgeTarget } from '../../src/task-manager/chain-output.js';
import { OperatorChain } from '../../src/task-manager/operator-chain.js';
import { Subtask } from '../../src/task-manager/subtask.js';
import type { InputStatus, SourceInputMetrics, SubtaskInput } from '../../src/task-manager/subtask-input.js';
import { wordFor } from './event-words.js';

/** A subtask with a real chain of one operator, between an input and an output that do what the test says. */
export class ScriptedSubtask {
  readonly happened: string[] = [];
  readonly acknowledged: string[] = [];
  readonly failures: unknown[] = [];
  readonly subtask: Subtask;
  readonly availability: OutputAvailability;
  readonly origin = new CurrentOrigin();
  readonly input: ScriptedInput;
  readonly operator: ScriptedOperator;
  flushes = 0;
  wakeUps = 0;
  finishedCount = 0;

  constructor(clock: Clock, wake: () => void = () => {}) {
    this.availability = new OutputAvailability(() => this.wake(wake));
    const edge = new EdgeTarget(this.writer());
    this.operator = new ScriptedOperator(edge, this.availability);
    this.input = new ScriptedInput(this.operator, this.availability, (id) =>
      this.subtask.takeCheckpoint(id, 0),
    );
    this.subtask = new Subtask({
      ref: { vertexId: vertexId(0), subtaskIndex: subtaskIndex(0) },
      input: this.input,
      chain: new OperatorChain({
        links: [
          {
            node: { uid: operatorUid('scripted') } as StreamNode,
            operator: this.operator,
            operatorState: new OperatorStateStore('scripted'),
          },
        ],
        edges: [edge],
        subtaskIndex: subtaskIndex(0),
      }),
      availability: this.availability,
      origin: this.origin,
      clock,
      wake: () => this.wake(wake),
      acknowledge: (id, snapshots) =>
        this.acknowledged.push(`${id}: ${snapshots.map((each) => each.operatorUid).join(', ')}`),
      onFirstRecord: () => this.happened.push('first record'),
      onFinished: () => {
        this.finishedCount += 1;
      },
      fail: (error) => this.failures.push(error),
    });
  }

  /** One step, and what happened in it; the step's result last. */
  step(recordsMax = 10): string[] {
    const result = this.subtask.step(recordsMax);
    return [...this.happened.splice(0), result];
  }

  private wake(wake: () => void): void {
    this.wakeUps += 1;
    wake();
  }

  private writer(): RecordWriter {
    const channel: OutputChannel = {
      bytesOut: 7,
      writeRecord: (value) => this.happened.push(`${value}`),
      writeEvent: (event) => this.happened.push(wordFor(event)),
      flush: () => {
        this.flushes += 1;
      },
      close: () => this.happened.push('channel closed'),
    };
    const router = createRecordRouter(
      { kind: 'forward' },
      { channelCount: 1, maxParallelism: 1, subtaskIndex: 0 },
    );
    return new RecordWriter([channel], router, 'scripted');
  }
}

/** Emits each element so often as its number says, suspended as the output demands; and something at the end. */
export class ScriptedOperator implements StreamOperator<number> {
  readonly numLateRecordsDropped = 0;
  emitsAtEnd = 0;
  snapshots: ((id: CheckpointId) => Promise<OperatorSnapshot>) | undefined;
  readonly told: string[] = [];
  isClosed = false;
  /** The output is full after so many more elements. */
  room = Number.POSITIVE_INFINITY;
  private readonly edge: EdgeTarget;
  private readonly availability: OutputAvailability;
  private left = 0;
  private word = '';

  constructor(edge: EdgeTarget, availability: OutputAvailability) {
    this.edge = edge;
    this.availability = availability;
  }

  open(): void {}

  processElement(value: number): void {
    this.begin(`${value}`, value);
  }

  resume(): boolean {
    while (this.left > 0) {
      if (!this.availability.isAvailable) return false;
      this.left -= 1;
      this.room -= 1;
      if (this.room === 0) this.availability.block();
      this.edge.collect(this.word, 1);
    }
    return true;
  }

  endInput(): void {
    this.begin('rest', this.emitsAtEnd);
  }

  processWatermark(): void {}

  processWatermarkStatus(): void {}

  async snapshot(id: CheckpointId): Promise<OperatorSnapshot> {
    this.told.push(`snapshot ${id}`);
    return this.snapshots?.(id) ?? { stateBytes: 0 };
  }

  notifyCheckpointComplete(id: CheckpointId): void {
    this.told.push(`complete ${id}`);
  }

  notifyCheckpointAborted(id: CheckpointId): void {
    this.told.push(`aborted ${id}`);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  private begin(word: string, count: number): void {
    this.word = word;
    this.left = count;
    this.resume();
  }
}

/** Passes on what the test has put into it. */
export class ScriptedInput implements SubtaskInput {
  readonly arrived: number[] = [];
  hasEnded = false;
  throws: Error | undefined;
  numRecordsIn = 0;
  readonly currentInputWatermark = 42;
  readonly alignmentTimeMs = 3;
  readonly aborted: CheckpointId[] = [];
  isClosed = false;
  private readonly operator: StreamOperator<number>;
  private readonly availability: OutputAvailability;
  private readonly takeCheckpoint: (id: CheckpointId) => void;

  constructor(
    operator: StreamOperator<number>,
    availability: OutputAvailability,
    takeCheckpoint: (id: CheckpointId) => void,
  ) {
    this.operator = operator;
    this.availability = availability;
    this.takeCheckpoint = takeCheckpoint;
  }

  readonly completed: CheckpointId[] = [];

  addSplits(): void {}

  checkpointComplete(id: CheckpointId): void {
    this.completed.push(id);
  }

  processNext(recordsMax: number): InputStatus {
    if (this.throws !== undefined) throw this.throws;
    for (let taken = 0; taken < recordsMax && this.availability.isAvailable; taken += 1) {
      const next = this.arrived.shift();
      if (next === undefined) return this.hasEnded ? 'end-of-input' : 'nothing-available';
      this.numRecordsIn += 1;
      this.operator.processElement(next, 1, 0);
    }
    return this.hasEnded && this.arrived.length === 0 ? 'end-of-input' : 'more-available';
  }

  triggerCheckpoint(id: CheckpointId): void {
    this.takeCheckpoint(id);
  }

  checkpointAborted(id: CheckpointId): void {
    this.aborted.push(id);
  }

  snapshot(): readonly SubtaskSnapshot[] {
    return [
      { operatorUid: operatorUid('input'), subtaskIndex: subtaskIndex(0), snapshot: { stateBytes: 0 } },
    ];
  }

  sourceMetrics(): SourceInputMetrics {
    return { pendingRecords: this.arrived.length, numRecordsInErrors: 0, partitions: [] };
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}
