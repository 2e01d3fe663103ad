import { defineJob, json, kafkaSink, kafkaSource, Watermarks } from '../index.js';
import { EnrichWithHistory } from './enrich-with-history.js';
import { TriggerActions } from './trigger-actions.js';
import type { TriggeredAction } from './triggered-action.js';
import type { UserTrackingEvent } from './user-tracking-event.js';

/**
 * The demo: watches what visitors do on a website and triggers actions for them, each exactly once, whatever
 * crashes. A job of your own looks the same; only its imports come from 'millrace'.
 *
 * `bounded: 'latest'` ends the job where the topic ended when it began. Without it the job runs for ever.
 */
export default defineJob('event-trigger', (env) => {
  const events = kafkaSource({
    topics: 'user-tracking-events',
    groupId: 'flink-event-trigger',
    startingOffsets: 'earliest',
    bounded: 'latest',
    value: json<UserTrackingEvent>(),
  });

  const actions = kafkaSink<TriggeredAction>({
    topic: 'triggered-actions',
    deliveryGuarantee: 'exactly-once',
    transactionalIdPrefix: 'event-trigger',
    key: (action) => action.user_id,
    value: json(),
  });

  env
    .fromSource(events, {
      uid: 'events',
      watermarks: Watermarks.boundedOutOfOrderness('5s', (event) => event.timestamp),
    })
    .keyBy((event) => event.user_id)
    .process(new EnrichWithHistory(), { uid: 'enrich' })
    .filter(({ event }) => event.triggerable)
    .keyBy(({ event }) => event.user_id)
    .process(new TriggerActions(), { uid: 'trigger' })
    .sinkTo(actions, { uid: 'actions' });
});
