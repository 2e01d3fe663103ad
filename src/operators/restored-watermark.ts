import type { OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import { MIN_WATERMARK } from '../protocol/stream-elements.js';

/**
 * How far event time was when the snapshot was taken; MIN_WATERMARK without one. Operators and sources keep
 * it, so that a record that was late before a failure is late after it.
 */
export function watermarkOf(restored: OperatorSnapshot | undefined): number {
  const state = restored?.subtaskState;
  const isKept = typeof state === 'object' && state !== null && 'watermark' in state;
  return isKept && typeof state.watermark === 'number' ? state.watermark : MIN_WATERMARK;
}
