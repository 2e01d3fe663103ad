import type { Trigger } from './trigger.js';
import type { Window } from './window.js';

/**
 * Says which windows an element belongs to. Made by `TumblingEventTimeWindows.of(…)` and its like. Immutable,
 * but for what it remembers of its last answer.
 */
export interface WindowAssigner<W extends Window> {
  readonly timeDomain: 'event-time' | 'processing-time';
  /** Windows that touch become one: sessions. */
  readonly isMerging: boolean;
  /** What is wrong with how it was made; told with the job's other mistakes. */
  readonly mistakes: readonly string[];
  readonly defaultTrigger: Trigger<unknown, Window>;
  /** `timestamp` is the element's event time, or the processing time, as `timeDomain` says. The answer is never changed. */
  assignWindows(timestamp: number): readonly W[];
}

/** Where the window of `size` that holds `timestamp` begins; windows begin at `offset` plus multiples of `size`. */
export function windowStart(timestamp: number, offset: number, size: number): number {
  const remainder = (timestamp - offset) % size;
  return timestamp - (remainder < 0 ? remainder + size : remainder);
}
