import type { TimerService } from '../api/functions.js';
import type { CancelTimer, Clock } from '../host/clock.js';
import type { KeyedStateBackend } from '../state/keyed-state-backend.js';
import type { TimerQueue } from '../state/timer-queue.js';
import type { CallGuard } from './guarded-collector.js';

/** The longest wait that one host timer is set for: Node's own timers overflow at 2^31 ms. */
const hostTimerMaxMs = 24 * 60 * 60 * 1000;

/** A keyed operator's timers in both time domains, and its watermark. */
export class KeyedTimerService implements TimerService {
  readonly eventTime: TimerQueue;
  readonly processingTime: TimerQueue;
  watermark: number;
  private readonly options: KeyedTimerServiceOptions;
  private cancelHostTimer: CancelTimer | undefined;
  private hostTimerAt = Number.POSITIVE_INFINITY;

  constructor(options: KeyedTimerServiceOptions) {
    this.options = options;
    this.watermark = options.restoredWatermark;
    this.eventTime = options.backend.timerQueue('event-time-timers');
    this.processingTime = options.backend.timerQueue('processing-time-timers');
  }

  currentProcessingTime(): number {
    return this.options.clock.epochMs();
  }

  currentWatermark(): number {
    return this.watermark;
  }

  registerEventTimeTimer(timestamp: number): void {
    this.assertUsable(timestamp);
    this.eventTime.register(timestamp);
  }

  registerProcessingTimeTimer(timestamp: number): void {
    this.assertUsable(timestamp);
    this.processingTime.register(timestamp);
    if (timestamp < this.hostTimerAt) this.scheduleProcessingTimers();
  }

  deleteEventTimeTimer(timestamp: number): void {
    this.assertUsable(timestamp);
    this.eventTime.delete(timestamp);
  }

  deleteProcessingTimeTimer(timestamp: number): void {
    this.assertUsable(timestamp);
    this.processingTime.delete(timestamp);
  }

  /** Sets the host's timer for the earliest processing-time timer. */
  scheduleProcessingTimers(): void {
    this.close();
    const next = this.processingTime.nextTimestamp();
    if (next === Number.POSITIVE_INFINITY) return;
    this.hostTimerAt = next;
    const delayMs = Math.min(Math.max(next - this.options.clock.epochMs(), 0), hostTimerMaxMs);
    this.cancelHostTimer = this.options.clock.setTimer(delayMs, () => {
      this.hostTimerAt = Number.POSITIVE_INFINITY;
      this.options.onProcessingTimersDue();
    });
  }

  close(): void {
    this.cancelHostTimer?.();
    this.cancelHostTimer = undefined;
    this.hostTimerAt = Number.POSITIVE_INFINITY;
  }

  private assertUsable(timestamp: number): void {
    if (!this.options.guard.active) this.options.guard.assertActive('The timer service');
    if (!Number.isSafeInteger(timestamp)) {
      throw new RangeError(
        `A timer's timestamp must be a whole number of epoch milliseconds, not ${timestamp}.`,
      );
    }
  }
}

export interface KeyedTimerServiceOptions {
  readonly backend: KeyedStateBackend;
  readonly clock: Clock;
  readonly guard: CallGuard;
  readonly restoredWatermark: number;
  /** Called from the host's timer; the operator then fires what is due, between elements. */
  readonly onProcessingTimersDue: () => void;
}
