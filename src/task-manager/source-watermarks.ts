import type { OutputAvailability } from '../exchange/output-availability.js';
import type { CancelTimer, Clock } from '../host/clock.js';
import type { SplitId } from '../protocol/ids.js';
import { MAX_WATERMARK, MIN_WATERMARK } from '../protocol/stream-elements.js';
import type { SplitWatermarks } from '../sources/split-watermarks.js';
import type { ChainOutput } from './chain-output.js';
import type { EventTimeFunctions } from './event-time-functions.js';

/**
 * When a source tells the chain behind it how far event time is, and that it is idle. Invariant: a watermark goes
 * behind all results of the elements before it, also those that a full output holds up; in front of them it would
 * make them late.
 */
export class SourceWatermarks {
  /** The last one emitted. */
  last = MIN_WATERMARK;
  private readonly options: SourceWatermarksOptions;
  private lastAtMs = Number.NEGATIVE_INFINITY;
  /** One that goes behind results which are held up. */
  private isDue = false;
  private isIdle = false;
  private isTimeToBeTold = false;
  private hasReaderEnded = false;
  private cancelTick: CancelTimer | undefined;

  constructor(options: SourceWatermarksOptions) {
    this.options = options;
  }

  /** Without records nothing asks for a watermark, but time passes for idleness all the same. */
  scheduleTick(): void {
    this.cancelTick = this.options.clock.setTimer(watermarkIntervalMs, () => {
      this.scheduleTick();
      this.tick();
    });
  }

  /** Before the next element: what was held up. */
  emitDue(): void {
    if (this.isDue) this.emitCombined();
  }

  /** No element may come between the one that made it and the watermark, and no result behind it. */
  emitPunctuated(): void {
    if (this.options.availability.isAvailable) this.emitCombined();
    else this.isDue = true;
  }

  /** Behind a batch of elements: once each interval. */
  emitPeriodic(): void {
    if (this.options.clock.monotonicMs() - this.lastAtMs >= watermarkIntervalMs) this.advance();
  }

  advance(): void {
    this.lastAtMs = this.options.clock.monotonicMs();
    this.options.functions.onPeriodicEmit();
    this.emitCombined();
  }

  /** Nothing is read any more; the end of event time may have to wait for results. */
  readerEnded(): void {
    this.hasReaderEnded = true;
    this.close();
  }

  /** Behind the last result. */
  emitEnd(): void {
    this.emit(MAX_WATERMARK);
  }

  close(): void {
    this.cancelTick?.();
  }

  private emitCombined(): void {
    this.isDue = false;
    const watermark = this.options.watermarks.combined();
    if (watermark > this.last) this.emit(watermark);
  }

  private emit(watermark: number): void {
    this.last = watermark;
    if (this.isIdle) this.emitIdleness(false);
    this.options.output.emitWatermark(watermark);
  }

  private emitIdleness(idle: boolean): void {
    this.isIdle = idle;
    this.options.output.emitWatermarkStatus(idle);
  }

  /** Looks at once, since backpressure that is over by the next element would not be seen then; tells in its turn. */
  private tick(): void {
    const { availability, clock, execute, watermarks, isCaughtUp } = this.options;
    watermarks.onTick(clock.monotonicMs(), !availability.isAvailable, isCaughtUp);
    if (this.isTimeToBeTold) return;
    this.isTimeToBeTold = true;
    execute(() => this.tellTime());
  }

  private tellTime(): void {
    this.isTimeToBeTold = false;
    if (this.hasReaderEnded) return;
    this.advance();
    const { isIdle } = this.options.watermarks;
    if (isIdle !== this.isIdle) this.emitIdleness(isIdle);
  }
}

/**
 * Flink's auto-watermark interval is four times as long. But a topic is read far faster than it was written, and all
 * windows whose end has passed since the last watermark are still open: they are memory, and cells of each checkpoint.
 * With windows of 10 s over events of 1 ms each, this costs a sixth less than 200 ms; 20 ms was not better.
 */
const watermarkIntervalMs = 50;

export interface SourceWatermarksOptions {
  readonly watermarks: SplitWatermarks;
  readonly functions: EventTimeFunctions;
  readonly output: ChainOutput;
  readonly availability: OutputAvailability;
  readonly clock: Clock;
  readonly isCaughtUp: (split: SplitId) => boolean;
  /** Runs an action between two elements. */
  readonly execute: (action: () => void) => void;
}
