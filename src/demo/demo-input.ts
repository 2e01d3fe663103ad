import { EventGenerator } from './event-generator.js';

export const demoInputTopic = 'user-tracking-events';
export const demoOutputTopic = 'triggered-actions';
/** Of both topics. */
export const demoPartitions = 4;

/** What a run without `--generate` and without brokers reads. */
export const demoEventsDefault = 200_000;

/**
 * The demo's events: 50 ms apart, so that the default run covers almost three hours and carts are abandoned
 * while it goes on, not only at its end.
 */
export function demoGenerator(): EventGenerator {
  return new EventGenerator({ seed: 1, users: 2_000, eventIntervalMs: 50 });
}
