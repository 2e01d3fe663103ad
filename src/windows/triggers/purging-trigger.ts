import type { DeepReadonly } from '../../api/deep-readonly.js';
import { type OnMergeContext, Trigger, type TriggerContext, type TriggerResult } from '../trigger.js';
import type { Window } from '../window.js';

/** Another trigger, but whenever that fires the window's contents go. */
export class PurgingTrigger<T, W extends Window> extends Trigger<T, W> {
  private readonly inner: Trigger<T, W>;

  static of<T, W extends Window>(inner: Trigger<T, W>): PurgingTrigger<T, W> {
    return new PurgingTrigger(inner);
  }

  private constructor(inner: Trigger<T, W>) {
    super();
    this.inner = inner;
  }

  onElement(element: DeepReadonly<T>, timestamp: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.inner.onElement(element, timestamp, window, context));
  }

  onEventTime(time: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.inner.onEventTime(time, window, context));
  }

  onProcessingTime(time: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.inner.onProcessingTime(time, window, context));
  }

  override canMerge(): boolean {
    return this.inner.canMerge();
  }

  override onMerge(window: W, context: OnMergeContext): void {
    this.inner.onMerge(window, context);
  }

  clear(window: W, context: TriggerContext): void {
    this.inner.clear(window, context);
  }
}

function purging(result: TriggerResult): TriggerResult {
  return result === 'FIRE' ? 'FIRE_AND_PURGE' : result;
}
