import { Trigger, type TriggerContext, type TriggerResult } from '../trigger.js';
import type { Window } from '../window.js';

/** Fires when the clock passes the window's end. */
export class ProcessingTimeTrigger extends Trigger {
  static create(): ProcessingTimeTrigger {
    return new ProcessingTimeTrigger();
  }

  private constructor() {
    super();
  }

  onElement(_element: unknown, _timestamp: number, window: Window, context: TriggerContext): TriggerResult {
    if (!context.hadElements) context.registerProcessingTimeTimer(window.maxTimestamp);
    return 'CONTINUE';
  }

  onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  onProcessingTime(): TriggerResult {
    return 'FIRE';
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(window: Window, context: TriggerContext): void {
    if (window.maxTimestamp > context.currentProcessingTime()) {
      context.registerProcessingTimeTimer(window.maxTimestamp);
    }
  }

  clear(window: Window, context: TriggerContext): void {
    context.deleteProcessingTimeTimer(window.maxTimestamp);
  }
}
