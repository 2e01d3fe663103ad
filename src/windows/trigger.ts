import type { DeepReadonly } from '../api/deep-readonly.js';
import type { ReducingState, ReducingStateDescriptor } from '../state/reducing-state.js';
import type { ValueState, ValueStateDescriptor } from '../state/state-descriptors.js';
import type { Window } from './window.js';

/** What is to happen with a window: FIRE emits its result and keeps its contents, PURGE drops them. */
export type TriggerResult = 'CONTINUE' | 'FIRE' | 'PURGE' | 'FIRE_AND_PURGE';

/**
 * Says when a window's result is emitted (Flink's Trigger). One instance serves all windows of a subtask:
 * keep what belongs to a window in the context's state, never in a field.
 */
export abstract class Trigger<T = unknown, W extends Window = Window> {
  /** An element was added. `timestamp` is its event time, or NO_TIMESTAMP. */
  abstract onElement(
    element: DeepReadonly<T>,
    timestamp: number,
    window: W,
    context: TriggerContext,
  ): TriggerResult;

  /** A timer that this trigger registered is due; or one of the runtime's, so look at `time`. */
  abstract onEventTime(time: number, window: W, context: TriggerContext): TriggerResult;

  abstract onProcessingTime(time: number, window: W, context: TriggerContext): TriggerResult;

  /** Whether it can go with session windows; then `onMerge` is called for each merge. */
  canMerge(): boolean {
    return false;
  }

  /** Several windows have become `window`: brings their state and timers over. They are cleared after that. */
  onMerge(_window: W, _context: OnMergeContext): void {}

  /** The window goes: clears all state and timers that this trigger set for it. */
  abstract clear(window: W, context: TriggerContext): void;
}

/** State and timers of the current key and window. One object is reused for all calls: don't keep it. */
export interface TriggerContext {
  /** Whether the window had contents before the current element: a timer set for its first one is then still set. */
  readonly hadElements: boolean;
  currentProcessingTime(): number;
  currentWatermark(): number;
  registerEventTimeTimer(timestamp: number): void;
  registerProcessingTimeTimer(timestamp: number): void;
  deleteEventTimeTimer(timestamp: number): void;
  deleteProcessingTimeTimer(timestamp: number): void;
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
}

export interface OnMergeContext extends TriggerContext {
  /** Takes this state of all merged windows together, in the window that they became. */
  mergePartitionedState<T>(descriptor: ReducingStateDescriptor<T>): void;
}
