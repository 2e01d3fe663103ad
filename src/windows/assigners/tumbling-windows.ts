import type { Duration } from '../../api/duration.js';
import type { TimeDomain } from '../../api/functions.js';
import { EventTimeTrigger } from '../triggers/event-time-trigger.js';
import { ProcessingTimeTrigger } from '../triggers/processing-time-trigger.js';
import { TimeWindow } from '../window.js';
import { type WindowAssigner, windowStart } from '../window-assigner.js';
import { WindowSettings } from '../window-settings.js';

/** Windows of a fixed size, one after the other, by the elements' event time. */
export const TumblingEventTimeWindows = {
  /** `offset` moves the beginnings, such as for days of a time zone; by default windows begin at multiples of `size` since 1970. */
  of: (size: Duration, offset: Duration = 0): WindowAssigner<TimeWindow> =>
    new TumblingWindows('event-time', size, offset),
} as const;

/** Windows of a fixed size by the clock's time at which elements come. */
export const TumblingProcessingTimeWindows = {
  of: (size: Duration, offset: Duration = 0): WindowAssigner<TimeWindow> =>
    new TumblingWindows('processing-time', size, offset),
} as const;

class TumblingWindows implements WindowAssigner<TimeWindow> {
  readonly timeDomain: TimeDomain;
  readonly isMerging = false;
  readonly mistakes: readonly string[];
  private readonly sizeMs: number;
  private readonly offsetMs: number;
  /** Most elements belong to the window of the one before them. */
  private last: readonly TimeWindow[] = [];
  private lastStart = Number.NaN;

  constructor(timeDomain: TimeDomain, size: Duration, offset: Duration) {
    const settings = new WindowSettings(`a tumbling ${timeDomain} window`);
    this.timeDomain = timeDomain;
    this.sizeMs = settings.positive(size, 'its size');
    this.offsetMs = settings.offset(offset, this.sizeMs);
    this.mistakes = settings.mistakes;
  }

  get defaultTrigger(): EventTimeTrigger | ProcessingTimeTrigger {
    return this.timeDomain === 'event-time' ? EventTimeTrigger.create() : ProcessingTimeTrigger.create();
  }

  assignWindows(timestamp: number): readonly TimeWindow[] {
    const start = windowStart(timestamp, this.offsetMs, this.sizeMs);
    if (start !== this.lastStart) {
      this.lastStart = start;
      this.last = [new TimeWindow(start, start + this.sizeMs)];
    }
    return this.last;
  }
}
