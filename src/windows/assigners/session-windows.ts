import type { Duration } from '../../api/duration.js';
import type { TimeDomain } from '../../api/functions.js';
import { EventTimeTrigger } from '../triggers/event-time-trigger.js';
import { ProcessingTimeTrigger } from '../triggers/processing-time-trigger.js';
import { TimeWindow } from '../window.js';
import type { WindowAssigner } from '../window-assigner.js';
import { WindowSettings } from '../window-settings.js';

/** A window for each stretch of elements that are less than `gap` apart, by event time. */
export const EventTimeSessionWindows = {
  withGap: (gap: Duration): WindowAssigner<TimeWindow> => new SessionWindows('event-time', gap),
} as const;

/** The same by the clock's time at which elements come. */
export const ProcessingTimeSessionWindows = {
  withGap: (gap: Duration): WindowAssigner<TimeWindow> => new SessionWindows('processing-time', gap),
} as const;

/** Each element begins a session of its own, which is then merged with those that it touches. */
class SessionWindows implements WindowAssigner<TimeWindow> {
  readonly timeDomain: TimeDomain;
  readonly isMerging = true;
  readonly mistakes: readonly string[];
  private readonly gapMs: number;

  constructor(timeDomain: TimeDomain, gap: Duration) {
    const settings = new WindowSettings(`a session window by ${timeDomain}`);
    this.timeDomain = timeDomain;
    this.gapMs = settings.positive(gap, 'its gap');
    this.mistakes = settings.mistakes;
  }

  get defaultTrigger(): EventTimeTrigger | ProcessingTimeTrigger {
    return this.timeDomain === 'event-time' ? EventTimeTrigger.create() : ProcessingTimeTrigger.create();
  }

  assignWindows(timestamp: number): readonly TimeWindow[] {
    return [new TimeWindow(timestamp, timestamp + this.gapMs)];
  }
}
