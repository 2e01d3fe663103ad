import { Trigger, type TriggerResult } from '../trigger.js';

/** The default of a window without an end. */
export class NeverTrigger extends Trigger {
  onElement(): TriggerResult {
    return 'CONTINUE';
  }

  onEventTime(): TriggerResult {
    return 'CONTINUE';
  }

  onProcessingTime(): TriggerResult {
    return 'CONTINUE';
  }

  override canMerge(): boolean {
    return true;
  }

  clear(): void {}
}
