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
  /** That of the current window, where timers have namespaces. */
  namespace: string | undefined = undefined;
  private readonly options: KeyedTimerServiceOptions;
  private cancelHostTimer: CancelTimer | undefined;
  private hostTimerAt = Number.POSITIVE_INFINITY;

  constructor(options: KeyedTimerServiceOptions) {
    this.options = options;
    this.watermark = options.restoredWatermark;
    const { backend } = options;
    switch (options.namespaces) {
      case 'none':
        this.eventTime = backend.timerQueue('event-time-timers');
        this.processingTime = backend.timerQueue('processing-time-timers');
        return;
      case 'windows':
        this.eventTime = backend.namespacedTimerQueue('event-time-window-timers');
        this.processingTime = backend.namespacedTimerQueue('processing-time-window-timers');
    }
  }

  currentProcessingTime(): number {
    return this.options.clock.epochMs();
  }

  currentWatermark(): number {
    return this.watermark;
  }

  registerEventTimeTimer(timestamp: number): void {
    this.assertUsable(timestamp);
    this.eventTime.register(timestamp, this.namespace);
  }

  registerProcessingTimeTimer(timestamp: number): void {
    this.assertUsable(timestamp);
    this.processingTime.register(timestamp, this.namespace);
    if (timestamp < this.hostTimerAt) this.scheduleProcessingTimers();
  }

  deleteEventTimeTimer(timestamp: number): void {
    this.assertUsable(timestamp);
    this.eventTime.delete(timestamp, this.namespace);
  }

  deleteProcessingTimeTimer(timestamp: number): void {
    this.assertUsable(timestamp);
    this.processingTime.delete(timestamp, this.namespace);
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

/** Whether a timer belongs to a key alone, or to a key and a window. */
export type TimerNamespaces = 'none' | 'windows';

export interface KeyedTimerServiceOptions {
  readonly backend: KeyedStateBackend;
  readonly clock: Clock;
  readonly guard: CallGuard;
  readonly namespaces: TimerNamespaces;
  readonly restoredWatermark: number;
  /** Called from the host's timer; the operator then fires what is due, between elements. */
  readonly onProcessingTimersDue: () => void;
}
