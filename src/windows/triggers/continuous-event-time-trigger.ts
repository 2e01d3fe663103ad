import type { Duration } from '../../api/duration.js';
import { type OnMergeContext, Trigger, type TriggerContext, type TriggerResult } from '../trigger.js';
import type { Window } from '../window.js';
import { windowStart } from '../window-assigner.js';
import { nextFireState, triggerIntervalMs } from './next-fire-state.js';

/** Fires whenever event time has gone on by `interval` (at its multiples), and at the window's end. */
export class ContinuousEventTimeTrigger extends Trigger {
  private readonly intervalMs: number;

  static of(interval: Duration): ContinuousEventTimeTrigger {
    return new ContinuousEventTimeTrigger(triggerIntervalMs(interval));
  }

  private constructor(intervalMs: number) {
    super();
    this.intervalMs = intervalMs;
  }

  onElement(_element: unknown, timestamp: number, window: Window, context: TriggerContext): TriggerResult {
    if (window.maxTimestamp <= context.currentWatermark()) return 'FIRE';
    if (!context.hadElements) context.registerEventTimeTimer(window.maxTimestamp);
    if (context.getReducingState(nextFireState).get() === undefined) {
      this.registerNext(windowStart(timestamp, 0, this.intervalMs), window, context);
    }
    return 'CONTINUE';
  }

  onEventTime(time: number, window: Window, context: TriggerContext): TriggerResult {
    if (time === window.maxTimestamp) return 'FIRE';
    const next = context.getReducingState(nextFireState);
    if (next.get() !== time) return 'CONTINUE';
    next.clear();
    this.registerNext(time, window, context);
    return 'FIRE';
  }

  onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(window: Window, context: OnMergeContext): void {
    context.mergePartitionedState(nextFireState);
    const next = context.getReducingState(nextFireState).get();
    if (next !== undefined) context.registerEventTimeTimer(next);
    if (window.maxTimestamp > context.currentWatermark()) context.registerEventTimeTimer(window.maxTimestamp);
  }

  clear(window: Window, context: TriggerContext): void {
    const next = context.getReducingState(nextFireState);
    const timestamp = next.get();
    if (timestamp !== undefined) context.deleteEventTimeTimer(timestamp);
    context.deleteEventTimeTimer(window.maxTimestamp);
    next.clear();
  }

  private registerNext(after: number, window: Window, context: TriggerContext): void {
    const next = Math.min(after + this.intervalMs, window.maxTimestamp);
    context.getReducingState(nextFireState).add(next);
    context.registerEventTimeTimer(next);
  }
}
