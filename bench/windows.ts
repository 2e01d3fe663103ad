import { EventGenerator } from '#dist/demo/event-generator.js';
import { withKeyedTopic } from './measurement/keyed-topic-runs.js';
import { formatCount } from './measurement/report.js';
import type { MeasuredRun } from './measurement/run-job-process.js';
import { expectedTally } from './windows/oracle.js';
import { sumOf, type WindowTally } from './windows/window-tally.js';

/**
 * Keyed event-time windows: JSON of about 1 KB -> keyBy user -> tumbling windows of 10 s, count and sum, with
 * 1 s of out-of-orderness and a checkpoint each second. A user is seldom seen twice in a window, so this is
 * mostly about windows coming and going. Are all results right, and how many records a second?
 *
 * `npm run bench -- windows [--events 4000000] [--runs 1] [--parallelism 2] [--log kafka|embedded] [--fields]`
 */
const windowMs = 10_000;

await withKeyedTopic('windowed-totals', async (topic) => {
  const { users, events } = topic.order;
  const expected = expectedTally(new EventGenerator({ users }), events, windowMs);
  const runs = await topic.measure((run) => {
    assertEqual(tallyOf(run), expected);
    return `, ${formatCount(expected.windows)} windows, all as the oracle's`;
  });
  topic.writeResult('windows', runs, { results: expected });
});

function tallyOf({ collected }: MeasuredRun): WindowTally {
  return sumOf((collected?.['tally'] ?? []) as readonly WindowTally[]);
}

function assertEqual(found: WindowTally, expected: WindowTally): void {
  const [text, wanted] = [found, expected].map((tally) => JSON.stringify(tally));
  if (text !== wanted) throw new Error(`The results come to ${text}, and should come to ${wanted}.`);
}
