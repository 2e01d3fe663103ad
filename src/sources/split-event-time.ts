import type { DeepReadonly } from '../api/deep-readonly.js';
import type { WatermarkGenerator, WatermarkOutput } from '../api/watermark-generator.js';
import type { WatermarkRule } from '../api/watermarks.js';
import { MillraceError } from '../protocol/failures.js';
import type { SplitId } from '../protocol/ids.js';
import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP } from '../protocol/stream-elements.js';
import type { SplitOutput } from './source.js';
import type { SplitWatermarkState } from './split-watermark-state.js';

/** The event time of one split. */
export class SplitEventTime implements SplitOutput, WatermarkOutput {
  readonly splitId: SplitId;
  readonly place: string;
  maxTimestamp: number;
  isFinished = false;
  isIdle = false;
  /** Since the last tick. Set per record, in place of reading a clock per record. */
  hadRecords = false;
  caughtUpForMs = 0;
  private readonly outOfOrdernessMs: number;
  private readonly generator: WatermarkGenerator<unknown> | undefined;
  /** By the generator. */
  private emitted: number;

  constructor(
    splitId: SplitId,
    place: string,
    rule: WatermarkRule<unknown>,
    restored: SplitWatermarkState | undefined,
  ) {
    this.splitId = splitId;
    this.place = place;
    this.maxTimestamp = restored?.maxTimestamp ?? NO_TIMESTAMP;
    this.emitted = restored?.watermark ?? MIN_WATERMARK;
    this.outOfOrdernessMs = rule.kind === 'bounded-out-of-orderness' ? rule.maxOutOfOrdernessMs : 0;
    this.generator = rule.kind === 'generator' ? rule.createGenerator() : undefined;
  }

  get watermark(): number {
    if (this.generator !== undefined) return this.emitted;
    if (this.maxTimestamp === NO_TIMESTAMP) return MIN_WATERMARK;
    // As in Flink, a watermark t says that no element at or before t will follow; one equal to the newest may.
    return Math.max(this.maxTimestamp - this.outOfOrdernessMs - 1, MIN_WATERMARK);
  }

  onEvent(value: unknown, timestamp: number): boolean {
    const before = this.emitted;
    this.generator?.onEvent(value as DeepReadonly<unknown>, timestamp, this);
    return this.emitted > before;
  }

  onPeriodicEmit(): void {
    this.generator?.onPeriodicEmit(this);
  }

  emitWatermark(timestamp: number): void {
    if (!Number.isFinite(timestamp)) {
      throw new MillraceError(
        `A watermark generator emitted ${String(timestamp)}; a watermark is a number of epoch milliseconds.`,
        { domain: 'user-code', action: 'restart' },
      );
    }
    this.emitted = Math.max(this.emitted, Math.min(Math.floor(timestamp), MAX_WATERMARK));
  }

  snapshot(): SplitWatermarkState {
    return {
      ...(this.maxTimestamp === NO_TIMESTAMP ? {} : { maxTimestamp: this.maxTimestamp }),
      ...(this.emitted === MIN_WATERMARK ? {} : { watermark: this.emitted }),
    };
  }
}
