import { Trigger, type TriggerContext, type TriggerResult } from '../trigger.js';
import type { Window } from '../window.js';

/** Fires when the watermark passes the window's end, and then for each late element that still belongs to it. */
export class EventTimeTrigger extends Trigger {
  static create(): EventTimeTrigger {
    return new EventTimeTrigger();
  }

  private constructor() {
    super();
  }

  onElement(_element: unknown, _timestamp: number, window: Window, context: TriggerContext): TriggerResult {
    if (window.maxTimestamp <= context.currentWatermark()) return 'FIRE';
    // The first element's timer is that of all others: registering it again would change nothing, and cost.
    if (!context.hadElements) context.registerEventTimeTimer(window.maxTimestamp);
    return 'CONTINUE';
  }

  onEventTime(time: number, window: Window): TriggerResult {
    return time === window.maxTimestamp ? 'FIRE' : 'CONTINUE';
  }

  onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(window: Window, context: TriggerContext): void {
    // Else it has passed, and the element that is being added will fire the window.
    if (window.maxTimestamp > context.currentWatermark()) context.registerEventTimeTimer(window.maxTimestamp);
  }

  clear(window: Window, context: TriggerContext): void {
    context.deleteEventTimeTimer(window.maxTimestamp);
  }
}
