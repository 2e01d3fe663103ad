/** A split's part of a checkpoint: plain JSON. Idleness is not in it: a restored split must prove it anew. */
export interface SplitWatermarkState {
  /** The newest event time seen, in epoch ms. */
  readonly maxTimestamp?: number;
  /** The watermark that the split's generator had emitted. */
  readonly watermark?: number;
}
