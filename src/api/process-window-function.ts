import type { Key } from '../key-groups/key.js';
import type { ValueState, ValueStateDescriptor } from '../state/state-descriptors.js';
import type { Window } from '../windows/window.js';
import type { DeepReadonly } from './deep-readonly.js';
import type { Collector, RuntimeContext } from './functions.js';
import type { OutputTag } from './output-tag.js';

/**
 * Makes a window's results, each time that the window fires (Flink's ProcessWindowFunction). Behind `reduce`
 * or `aggregate`, `elements` holds their one result; alone, all elements of the window, which are then kept
 * one by one.
 */
export abstract class ProcessWindowFunction<K extends Key, In, Out, W extends Window = Window> {
  /** Before the first element. States that are registered here belong to the key, and outlive its windows. */
  open(_context: RuntimeContext): void {}

  abstract process(
    key: K,
    context: ProcessWindowContext<W>,
    elements: readonly DeepReadonly<In>[],
    out: Collector<Out>,
  ): void;

  /** The window goes: clear what it has in `context.windowState`. */
  clear(_context: ProcessWindowContext<W>): void {}

  close(): void {}
}

/** One object is reused for all calls: don't keep it. */
export interface ProcessWindowContext<W extends Window> {
  readonly window: W;
  /** State of this key and window; of no use with windows that merge, where it throws. */
  readonly windowState: WindowStateStore;
  currentProcessingTime(): number;
  currentWatermark(): number;
  output<T>(tag: OutputTag<T>, value: T): void;
}

export interface WindowStateStore {
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
}
