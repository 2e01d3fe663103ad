import { EventGenerator } from '#dist/demo/event-generator.js';
import type { UserTotals } from './jobs/user-totals.js';
import { withKeyedTopic } from './measurement/keyed-topic-runs.js';
import { formatCount } from './measurement/report.js';
import type { JobOrder, MeasuredRun } from './measurement/run-job-process.js';
import { expectedTotals } from './w2/oracle.js';
import { readStateOnDisk, type StateOnDisk } from './w2/state-on-disk.js';

/**
 * The keyed aggregate: JSON of about 1 KB -> keyBy user -> {count, lastTs, sum}, with a checkpoint each second.
 * How many records a second, with how much memory and CPU, and is the state right at the end?
 *
 * `npm run bench -- w2 [--events 4000000] [--runs 1] [--parallelism 2] [--log kafka|embedded] [--fields]`
 */
await withKeyedTopic('keyed-aggregate', async (topic) => {
  const runs = await topic.measure(describeMemory);
  topic.writeResult('w2', runs, { state: await checkState(topic.order) });
});

function describeMemory({ peakAnonymousMiB }: MeasuredRun): string {
  return peakAnonymousMiB === undefined ? '' : `, RssAnon at most ${peakAnonymousMiB.toFixed(0)} MiB`;
}

async function checkState({
  stateDir,
  users,
  events,
  parallelism,
}: JobOrder): Promise<{ readonly checkpointId: number; readonly mergedThrough: number }> {
  const expected = expectedTotals(new EventGenerator({ users }), events);
  const address = { operatorUid: 'count-per-user', stateName: 'totals', parallelism, maxParallelism: 128 };
  const state = await readStateOnDisk<UserTotals>(stateDir, address, expected.keys());
  assertEqual(state, expected);
  process.stdout.write(
    `The state equals the oracle: ${formatCount(expected.size)} users, checkpoint ${state.checkpointId}, merged through ${state.mergedThrough} when the job ended.\n`,
  );
  return { checkpointId: state.checkpointId, mergedThrough: state.mergedThrough };
}

function assertEqual(state: StateOnDisk<UserTotals>, expected: ReadonlyMap<string, UserTotals>): void {
  for (const [user, { count, lastTs, sum }] of expected) {
    const found = state.values.get(user);
    if (found?.count !== count || found.lastTs !== lastTs || found.sum !== sum) {
      const texts = [found, { count, lastTs, sum }].map((value) => JSON.stringify(value));
      throw new Error(`The state of ${user} is ${texts[0]}, and should be ${texts[1]}.`);
    }
  }
}
