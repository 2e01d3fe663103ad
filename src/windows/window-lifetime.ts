import type { TimeDomain } from '../api/functions.js';
import type { KeyedTimerService } from '../operators/keyed-timer-service.js';
import { MAX_WATERMARK } from '../protocol/stream-elements.js';
import type { Window } from './window.js';

/**
 * How long windows live. Invariant: a window with contents has a timer for its end of life, and an element is
 * late for it exactly when that timer is due: else state would grow without end, or a window come back to life.
 */
export class WindowLifetime {
  private readonly timers: KeyedTimerService;
  private readonly isEventTime: boolean;
  private readonly allowedLatenessMs: number;

  constructor(timers: KeyedTimerService, timeDomain: TimeDomain, allowedLatenessMs: number) {
    this.timers = timers;
    this.isEventTime = timeDomain === 'event-time';
    this.allowedLatenessMs = allowedLatenessMs;
  }

  /** When the window goes; lateness is a matter of event time alone. */
  endOf(window: Window): number {
    if (!this.isEventTime) return window.maxTimestamp;
    return Math.min(window.maxTimestamp + this.allowedLatenessMs, MAX_WATERMARK);
  }

  isOver(window: Window): boolean {
    return this.isEventTime && this.endOf(window) <= this.timers.watermark;
  }

  /** Whether an element of this time is too late for any window that it may be in. */
  isLate(timestamp: number): boolean {
    return this.isEventTime && timestamp + this.allowedLatenessMs <= this.timers.watermark;
  }

  /** Sets the timer for the window's end, where `eventTimeSet` is not the same. */
  registerEnd(window: Window, eventTimeSet: number): void {
    const time = this.endOf(window);
    // A window without an end lives as long as the job.
    if (time === MAX_WATERMARK) return;
    this.timers.namespace = window.id;
    if (!this.isEventTime) this.timers.registerProcessingTimeTimer(time);
    else if (time !== eventTimeSet) this.timers.registerEventTimeTimer(time);
  }

  deleteEnd(window: Window): void {
    this.timers.namespace = window.id;
    if (this.isEventTime) this.timers.deleteEventTimeTimer(this.endOf(window));
    else this.timers.deleteProcessingTimeTimer(this.endOf(window));
  }
}
