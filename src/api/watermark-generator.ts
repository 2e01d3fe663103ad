import type { DeepReadonly } from './deep-readonly.js';

/**
 * Makes one split's watermarks, from its elements or from time (Flink's WatermarkGenerator). Each split has
 * its own, which begins anew after a restart; the watermark that it had emitted is kept.
 */
export interface WatermarkGenerator<T> {
  /** For each element, after it was emitted: a watermark that is emitted here (a punctuated one) goes out right behind it. */
  onEvent(event: DeepReadonly<T>, eventTimestamp: number, output: WatermarkOutput): void;
  /** Each 50 ms, for watermarks that follow the elements at a distance. */
  onPeriodicEmit(output: WatermarkOutput): void;
}

export interface WatermarkOutput {
  /**
   * No element of this split at or before `timestamp` (epoch ms) will follow. One that is not later than the
   * split's watermark changes nothing: a watermark never falls.
   */
  emitWatermark(timestamp: number): void;
}
