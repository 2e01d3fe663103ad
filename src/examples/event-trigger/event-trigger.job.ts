import type { UserTrackingEvent } from '../../demo/user-tracking-event.js';
import {
  AsyncRetryStrategies,
  type Duration,
  defineJob,
  json,
  kafkaSink,
  kafkaSource,
  Watermarks,
} from '../../index.js';
import { eventTriggerInputTopic, eventTriggerOutputTopic } from './event-trigger-input.js';
import { MergeUserFacts } from './merge-user-facts.js';
import type { MergedEvent } from './merged-event.js';
import { isWorthRetrying } from './user-service-client.js';

/** Where the user service is. The threads of a job see the environment of its process. */
const serviceUrl = process.env['USER_SERVICE_URL'] ?? 'http://127.0.0.1:8080';
/** For one event, with its retries. */
const timeout = (process.env['USER_SERVICE_TIMEOUT'] ?? '10s') as Duration;

/**
 * Watches what users do, adds what an HTTP service knows of them and their last 100 events, and passes on what
 * may trigger an action. The service is asked once a user, for dozens of users at a time; each user's events keep
 * their order.
 */
export default defineJob('event-trigger-enriched', (env) => {
  env
    .fromSource(
      kafkaSource({
        topics: eventTriggerInputTopic,
        groupId: 'event-trigger-enriched',
        bounded: 'latest',
        value: json<UserTrackingEvent>(),
      }),
      {
        uid: 'events',
        watermarks: Watermarks.boundedOutOfOrderness('5s', (event) => event.timestamp),
      },
    )
    .keyBy((event) => event.user_id)
    .processAsync(new MergeUserFacts(serviceUrl), {
      uid: 'merge-user-facts',
      timeout,
      // A service that hangs leaves time for another attempt.
      attemptTimeout: '1s',
      // Three calls each: more at once and the service, or the sockets, would be what takes the time.
      capacity: 50,
      retry: AsyncRetryStrategies.exponentialBackoff({
        maxAttempts: 10,
        initialDelay: '50ms',
        maxDelay: '2s',
        ifException: isWorthRetrying,
      }),
    })
    .filter(({ event }) => event.triggerable)
    .sinkTo(
      kafkaSink<MergedEvent>({
        topic: eventTriggerOutputTopic,
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: 'event-trigger-enriched',
        key: ({ event }) => event.user_id,
        value: json(),
      }),
      { uid: 'actions' },
    );
});
