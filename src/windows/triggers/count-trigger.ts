import type { ReducingStateDescriptor } from '../../state/reducing-state.js';
import { type OnMergeContext, Trigger, type TriggerContext, type TriggerResult } from '../trigger.js';
import type { Window } from '../window.js';

/** Fires each time that `maxCount` more elements are in the window. */
export class CountTrigger extends Trigger {
  private readonly maxCount: number;

  static of(maxCount: number): CountTrigger {
    return new CountTrigger(maxCount);
  }

  private constructor(maxCount: number) {
    super();
    if (!Number.isSafeInteger(maxCount) || maxCount < 1) {
      throw new RangeError(
        `A count of ${maxCount} elements was given to a window: give a whole number from 1 on.`,
      );
    }
    this.maxCount = maxCount;
  }

  onElement(_element: unknown, _timestamp: number, _window: Window, context: TriggerContext): TriggerResult {
    const count = context.getReducingState(countState);
    count.add(1);
    if (count.get()! < this.maxCount) return 'CONTINUE';
    count.clear();
    return 'FIRE';
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

  override onMerge(_window: Window, context: OnMergeContext): void {
    context.mergePartitionedState(countState);
  }

  clear(_window: Window, context: TriggerContext): void {
    context.getReducingState(countState).clear();
  }
}

const countState: ReducingStateDescriptor<number> = { name: 'count', reduce: (a, b) => a + b };
