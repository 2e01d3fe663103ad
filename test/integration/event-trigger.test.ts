import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { JobRuntime } from '../../dist/cli/job-runtime.js';
import { loadJobModule } from '../../dist/task-manager/job-module-loader.js';
import { defaultCheckpointSettings } from '../../src/checkpoint/checkpoint-settings.js';
import { EventGenerator } from '../../src/demo/event-generator.js';
import { fillTopic } from '../../src/demo/fill-topic.js';
import { textHash } from '../../src/demo/seeded-hash.js';
import {
  eventTriggerInputTopic,
  eventTriggerOutputTopic,
  eventTriggerPartitions,
} from '../../src/examples/event-trigger/event-trigger-input.js';
import type { MergedEvent } from '../../src/examples/event-trigger/merged-event.js';
import {
  expectedMergedEvents,
  mergedEventMistakes,
} from '../../src/examples/event-trigger/merged-event-oracle.js';
import { type BehaviourOf, UserService } from '../../src/examples/event-trigger/user-service.js';
import { nodeClock } from '../../src/host/node-clock.js';
import { restartStrategyDefaults } from '../../src/job-manager/restart-strategy.js';
import { defaultLivenessSettings } from '../../src/job-manager/task-manager-liveness.js';
import type { LogClient } from '../../src/log/log-port.js';
import { rangesOfTopic, readRanges } from '../../src/log/partition-ranges.js';
import { MillraceProcess } from './millrace-process.js';
import { StateFolder } from './state-folder.js';

/** Whole processes run here, beside whatever else the machine does. */
vi.setConfig({ testTimeout: 240_000 });

const jobFile = fileURLToPath(
  new URL('../../dist/examples/event-trigger/event-trigger.job.js', import.meta.url),
);
const generator = new EventGenerator({ seed: 3, users: 300, eventIntervalMs: 50 });
const events = Array.from({ length: 1_500 }, (_, index) => generator.eventAt(index));

/** Users with as few events as possible: each of theirs takes the whole time-out. */
function leastSeenUsers(count: number): ReadonlySet<string> {
  const seen = new Map<string, number>();
  for (const { user_id } of events) seen.set(user_id, (seen.get(user_id) ?? 0) + 1);
  const byCount = [...seen].sort(([, a], [, b]) => a - b);
  return new Set(byCount.slice(0, count).map(([user]) => user));
}

/** A service on a bad day. What it does to a request depends on how often it was asked, whoever asked. */
function badDay(unanswered: ReadonlySet<string>): BehaviourOf {
  return (resource, userId, attempt) => {
    if (unanswered.has(userId)) {
      return resource === 'visit' ? { kind: 'hang' } : { kind: 'answer', afterMs: 5 };
    }
    const mood = textHash(`${userId} ${resource}`) % 12;
    if (mood === 0 && attempt < 3) return { kind: 'fail', status: attempt === 1 ? 503 : 429 };
    if (mood === 1 && resource === 'profile' && attempt === 1) return { kind: 'hang' };
    return { kind: 'answer', afterMs: mood === 2 ? 300 : 10 + mood };
  };
}

/** The log in the state folder, while no job runs there. */
async function withLog<T>(stateDir: string, use: (log: LogClient) => Promise<T>): Promise<T> {
  const runtime = await JobRuntime.open({
    job: await loadJobModule(jobFile),
    jobFile,
    settings: {
      parallelism: 1,
      maxParallelism: 128,
      checkpoints: defaultCheckpointSettings,
      restartStrategy: restartStrategyDefaults.exponentialDelay,
      liveness: defaultLivenessSettings,
    },
    heapMbPerThread: 512,
    stateDir,
    kafka: undefined,
    logger: { info() {}, warn() {}, error() {} },
    exitProcess: (reason) => {
      throw new Error(reason);
    },
  });
  try {
    return await use(await runtime.log());
  } finally {
    await runtime.close();
  }
}

it('The event trigger merges each event once with what a slow, failing and silent service knows, through kill -9', async () => {
  const unanswered = leastSeenUsers(2);
  const service = await UserService.start(nodeClock, badDay(unanswered));
  const stateDir = new StateFolder().path;
  try {
    await withLog(stateDir, async (log) => {
      const topic = eventTriggerInputTopic;
      const partitions = eventTriggerPartitions;
      await fillTopic(log, { topic, partitions, events: events.length, generator, clock: nodeClock });
      await log.createTopic(eventTriggerOutputTopic, partitions);
    });
    const start = () =>
      new MillraceProcess(
        ['--job', jobFile, '--state-dir', stateDir, '--parallelism', '2', '--checkpoint-interval', '100ms'],
        { env: { USER_SERVICE_URL: service.url, USER_SERVICE_TIMEOUT: '5s' } },
      );
    const requestsSoFar = (): number => [...service.requests.values()].reduce((sum, count) => sum + count, 0);
    // In the midst of the first users' requests, and when most are answered.
    for (const requests of [300, 700]) {
      const job = start();
      await vi.waitUntil(() => requestsSoFar() >= requests || !job.isRunning, {
        timeout: 120_000,
        interval: 5,
      });
      job.kill('SIGKILL');
      await job.end();
    }
    await start().endsWith(0);

    const written = await withLog(stateDir, async (log) => {
      const found: MergedEvent[] = [];
      const ranges = await rangesOfTopic(log, eventTriggerOutputTopic);
      await readRanges(log, ranges, ({ bytes, valueStart, valueEnd }) => {
        found.push(JSON.parse(bytes.toString('utf8', valueStart, valueEnd)) as MergedEvent);
      });
      return found;
    });
    expect(mergedEventMistakes(written, expectedMergedEvents(events, unanswered)).slice(0, 3)).toEqual([]);
    expect(written.some(({ profile }) => profile === null)).toBe(true);
    expect(written.length).toBeGreaterThan(events.length / 10);
    const largest = Math.max(...written.map((merged) => JSON.stringify(merged).length));
    expect(largest).toBeGreaterThan(15_000);
    expect(largest).toBeLessThan(20_480);
  } finally {
    await service.stop();
  }
});
