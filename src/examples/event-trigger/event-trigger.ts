import { fileURLToPath } from 'node:url';
import { nodeClock } from '../../host/node-clock.js';
import type { Example, ExampleRecord } from '../example.js';
import {
  eventTriggerEvents,
  eventTriggerInputTopic,
  eventTriggerOutputTopic,
  eventTriggerPartitions,
} from './event-trigger-input.js';
import type { MergedEvent } from './merged-event.js';
import { expectedMergedEvents, mergedEventMistakes } from './merged-event-oracle.js';
import { UserService } from './user-service.js';

export const eventTrigger: Example = {
  about:
    'events merged with what an HTTP service and the state know of their users: which may trigger an action?',
  jobFile: fileURLToPath(new URL('./event-trigger.job.js', import.meta.url)),
  inputs: [{ topic: eventTriggerInputTopic, partitions: eventTriggerPartitions, records }],
  output: { topic: eventTriggerOutputTopic, partitions: eventTriggerPartitions },
  /** The job's threads find the service by their environment, which is this process's. */
  async startService() {
    const service = await UserService.start(nodeClock);
    process.env['USER_SERVICE_URL'] = service.url;
    return service;
  },
  check(written) {
    const merged = written as readonly MergedEvent[];
    const mistakes = mergedEventMistakes(merged, expectedMergedEvents(eventTriggerEvents()));
    const verdict =
      mistakes.length === 0
        ? `OK: all ${merged.length} merged events are what the oracle works out`
        : `WRONG: ${mistakes.slice(0, mistakesShown).join('\n         ')}`;
    return { text: `${summary(merged)}\ncheck    ${verdict}`, isRight: mistakes.length === 0 };
  },
};

const mistakesShown = 5;

function* records(): Generator<ExampleRecord> {
  for (const event of eventTriggerEvents()) yield { key: event.user_id, value: event };
}

function summary(merged: readonly MergedEvent[]): string {
  const users = new Set(merged.map(({ event }) => event.user_id)).size;
  const largest = merged.reduce((max, each) => Math.max(max, JSON.stringify(each).length), 0);
  const full = merged.filter(({ history }) => history.length === 100).length;
  return [
    `actions  ${merged.length} events of ${users} users may trigger one`,
    `merged   with their users' last events, ${full} times a hundred of them; the largest is ${(largest / 1024).toFixed(1)} KB`,
  ].join('\n');
}
