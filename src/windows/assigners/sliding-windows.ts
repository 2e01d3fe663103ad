import type { Duration } from '../../api/duration.js';
import type { TimeDomain } from '../../api/functions.js';
import { EventTimeTrigger } from '../triggers/event-time-trigger.js';
import { ProcessingTimeTrigger } from '../triggers/processing-time-trigger.js';
import { TimeWindow } from '../window.js';
import { type WindowAssigner, windowStart } from '../window-assigner.js';
import { WindowSettings } from '../window-settings.js';

/** Windows of `size`, one beginning each `slide`: an element is in size / slide of them. By event time. */
export const SlidingEventTimeWindows = {
  of: (size: Duration, slide: Duration, offset: Duration = 0): WindowAssigner<TimeWindow> =>
    new SlidingWindows('event-time', size, slide, offset),
} as const;

/** The same by the clock's time at which elements come. */
export const SlidingProcessingTimeWindows = {
  of: (size: Duration, slide: Duration, offset: Duration = 0): WindowAssigner<TimeWindow> =>
    new SlidingWindows('processing-time', size, slide, offset),
} as const;

class SlidingWindows implements WindowAssigner<TimeWindow> {
  readonly timeDomain: TimeDomain;
  readonly isMerging = false;
  readonly mistakes: readonly string[];
  private readonly sizeMs: number;
  private readonly slideMs: number;
  private readonly offsetMs: number;
  /** Where slides divide the size, all elements between two beginnings belong to the same windows. */
  private readonly isRegular: boolean;
  private last: readonly TimeWindow[] = [];
  private lastStart = Number.NaN;

  constructor(timeDomain: TimeDomain, size: Duration, slide: Duration, offset: Duration) {
    const settings = new WindowSettings(`a sliding ${timeDomain} window`);
    this.timeDomain = timeDomain;
    this.sizeMs = settings.positive(size, 'its size');
    this.slideMs = settings.positive(slide, 'its slide');
    this.offsetMs = settings.offset(offset, this.slideMs);
    if (this.slideMs > this.sizeMs) {
      settings.add(
        `its slide (${this.slideMs} ms) is longer than its size (${this.sizeMs} ms): the elements between two windows would be lost without a word`,
      );
    }
    this.isRegular = this.sizeMs % this.slideMs === 0;
    this.mistakes = settings.mistakes;
  }

  get defaultTrigger(): EventTimeTrigger | ProcessingTimeTrigger {
    return this.timeDomain === 'event-time' ? EventTimeTrigger.create() : ProcessingTimeTrigger.create();
  }

  assignWindows(timestamp: number): readonly TimeWindow[] {
    const newestStart = windowStart(timestamp, this.offsetMs, this.slideMs);
    if (this.isRegular && newestStart === this.lastStart) return this.last;
    const windows: TimeWindow[] = [];
    for (let start = newestStart; start > timestamp - this.sizeMs; start -= this.slideMs) {
      windows.push(new TimeWindow(start, start + this.sizeMs));
    }
    this.last = windows;
    this.lastStart = newestStart;
    return windows;
  }
}
