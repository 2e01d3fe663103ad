import { EventGenerator } from '../../demo/event-generator.js';
import type { UserTrackingEvent } from '../../demo/user-tracking-event.js';

export const eventTriggerInputTopic = 'user-tracking-events';
export const eventTriggerOutputTopic = 'event-trigger.actions';
/** Of both topics. */
export const eventTriggerPartitions = 4;

/** Enough for histories to fill up, and few enough for the users' facts to be a good part of the work. */
const events = 6_000;
const users = 300;

export function* eventTriggerEvents(): Generator<UserTrackingEvent> {
  const generator = new EventGenerator({ seed: 7, users, eventIntervalMs: 50 });
  for (let index = 0; index < events; index += 1) yield generator.eventAt(index);
}
