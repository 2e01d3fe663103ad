import type { DeepReadonly } from '../api/deep-readonly.js';
import type { OperatorNode, SinkNode } from '../graph/stream-graph.js';
import { AbstractStreamOperator } from '../operators/abstract-stream-operator.js';
import type { OperatorContext } from '../operators/stream-operator.js';
import { MIN_WATERMARK, NO_TIMESTAMP } from '../protocol/stream-elements.js';
import { frozen } from './frozen-value.js';

/** What has reached one output of the streams under test, in the order of its arrival. */
export interface TestOutput<T> {
  readonly elements: readonly OutputElement<T>[];
  /** The elements' values. */
  readonly values: readonly DeepReadonly<T>[];
  /** The values since the last `take`. */
  take(): readonly DeepReadonly<T>[];
  /** Event time as the next operator would see it, epoch ms: the minimum over the subtasks. MIN_WATERMARK before the first. */
  readonly watermark: number;
  /** Each watermark that advanced it. */
  readonly watermarks: readonly number[];
}

export interface OutputElement<T> {
  readonly value: DeepReadonly<T>;
  /** Event time in epoch ms; undefined where the element has none. */
  readonly timestamp: number | undefined;
}

/** Keeps what the output's operators see, over restores too. */
export class CapturedOutput<T> implements TestOutput<T> {
  readonly elements: OutputElement<T>[] = [];
  readonly watermarks: number[] = [];
  private taken = 0;
  private subtaskWatermarks: number[] = [];

  get values(): readonly DeepReadonly<T>[] {
    return this.elements.map(({ value }) => value);
  }

  take(): readonly DeepReadonly<T>[] {
    const since = this.elements.slice(this.taken).map(({ value }) => value);
    this.taken = this.elements.length;
    return since;
  }

  get watermark(): number {
    return this.watermarks.at(-1) ?? MIN_WATERMARK;
  }

  /** New subtasks have seen no watermark yet. */
  begin(parallelism: number): void {
    this.subtaskWatermarks = Array.from({ length: parallelism }, () => MIN_WATERMARK);
  }

  onElement(value: T, timestamp: number): void {
    this.elements.push({
      value: frozen(value, 'An element'),
      timestamp: timestamp === NO_TIMESTAMP ? undefined : timestamp,
    });
  }

  onWatermark(subtask: number, timestamp: number): void {
    this.subtaskWatermarks[subtask] = timestamp;
    const watermark = Math.min(...this.subtaskWatermarks);
    if (watermark > this.watermark) this.watermarks.push(watermark);
  }
}

/** The sink's place in the graph, taken by an operator that also sees watermarks. */
export function capturing(sink: SinkNode, output: CapturedOutput<unknown>): OperatorNode {
  return {
    kind: 'operator',
    id: sink.id,
    uid: sink.uid,
    name: sink.name,
    parallelism: sink.parallelism,
    inputs: sink.inputs,
    operatorKind: 'captured-output',
    isKeyed: false,
    createOperator: (context) => new CapturingOperator(context as OperatorContext<never>, output),
  };
}

class CapturingOperator extends AbstractStreamOperator<unknown, never> {
  private readonly captured: CapturedOutput<unknown>;

  constructor(context: OperatorContext<never>, captured: CapturedOutput<unknown>) {
    super(context);
    this.captured = captured;
  }

  processElement(value: unknown, timestamp: number): void {
    this.captured.onElement(value, timestamp);
  }

  override processWatermark(timestamp: number): void {
    this.captured.onWatermark(this.context.subtaskIndex, timestamp);
  }

  override processWatermarkStatus(): void {}
}
