import type { DeepReadonly } from './deep-readonly.js';
import type { Collector, RuntimeContext } from './functions.js';
import type { OutputTag } from './output-tag.js';

/** Makes results of each two elements that an interval join brings together (Flink's ProcessJoinFunction). */
export abstract class ProcessJoinFunction<A, B, Out> {
  /** Before the first element. States that are registered here belong to the key, and are never cleaned for it. */
  open(_context: RuntimeContext): void {}

  abstract processElement(
    left: DeepReadonly<A>,
    right: DeepReadonly<B>,
    context: JoinContext,
    out: Collector<Out>,
  ): void;

  close(): void {}
}

/** The two elements' times in epoch ms. One object is reused for all calls: don't keep it. */
export interface JoinContext {
  readonly leftTimestamp: number;
  readonly rightTimestamp: number;
  /** The later of the two: what the results have. */
  readonly timestamp: number;
  output<T>(tag: OutputTag<T>, value: T): void;
}
