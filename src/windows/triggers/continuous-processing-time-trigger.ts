import type { Duration } from '../../api/duration.js';
import { type OnMergeContext, Trigger, type TriggerContext, type TriggerResult } from '../trigger.js';
import type { Window } from '../window.js';
import { windowStart } from '../window-assigner.js';
import { nextFireState, triggerIntervalMs } from './next-fire-state.js';

/** Fires whenever the clock has gone on by `interval`, at its multiples, while the window lives. */
export class ContinuousProcessingTimeTrigger extends Trigger {
  private readonly intervalMs: number;

  static of(interval: Duration): ContinuousProcessingTimeTrigger {
    return new ContinuousProcessingTimeTrigger(triggerIntervalMs(interval));
  }

  private constructor(intervalMs: number) {
    super();
    this.intervalMs = intervalMs;
  }

  onElement(_element: unknown, _timestamp: number, window: Window, context: TriggerContext): TriggerResult {
    if (context.getReducingState(nextFireState).get() === undefined) {
      this.registerNext(windowStart(context.currentProcessingTime(), 0, this.intervalMs), window, context);
    }
    return 'CONTINUE';
  }

  onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  onProcessingTime(time: number, window: Window, context: TriggerContext): TriggerResult {
    const next = context.getReducingState(nextFireState);
    if (next.get() !== time) return 'CONTINUE';
    next.clear();
    this.registerNext(time, window, context);
    return 'FIRE';
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(_window: Window, context: OnMergeContext): void {
    context.mergePartitionedState(nextFireState);
    const next = context.getReducingState(nextFireState).get();
    if (next !== undefined) context.registerProcessingTimeTimer(next);
  }

  clear(_window: Window, context: TriggerContext): void {
    const next = context.getReducingState(nextFireState);
    const timestamp = next.get();
    if (timestamp !== undefined) context.deleteProcessingTimeTimer(timestamp);
    next.clear();
  }

  private registerNext(after: number, window: Window, context: TriggerContext): void {
    const next = Math.min(after + this.intervalMs, window.maxTimestamp);
    context.getReducingState(nextFireState).add(next);
    context.registerProcessingTimeTimer(next);
  }
}
