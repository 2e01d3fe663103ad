import type { CheckpointId } from './ids.js';

/**
 * What travels in line with records. Each of these orders the records around it, so none may overtake a
 * record or be overtaken: a barrier that did would put a record into the wrong checkpoint.
 */
export type StreamEvent =
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'watermark-status'; readonly idle: boolean }
  | { readonly kind: 'barrier'; readonly checkpointId: CheckpointId; readonly triggeredAtMs: number }
  | { readonly kind: 'end-of-input' };

export type Barrier = Extract<StreamEvent, { kind: 'barrier' }>;

/** "No record before this time will follow." Before the first watermark, and after the last. */
export const MIN_WATERMARK = Number.MIN_SAFE_INTEGER;
export const MAX_WATERMARK = Number.MAX_SAFE_INTEGER;

/** A record without an event time. A number, so that timestamps stay one type on the hot path. */
export const NO_TIMESTAMP = Number.MIN_SAFE_INTEGER;
