import { keyGroupRangeForSubtask } from '../../key-groups/key-group-assignment.js';
import { KeyGroupHasher } from '../../key-groups/key-group-hasher.js';
import { subtaskIndex } from '../../protocol/ids.js';
import type { ExampleRun } from '../example.js';
import { type Placement, partitionings } from './placement.js';

/** How many of the busiest users are shown with their owner. */
const busiestShown = 5;

/** For people: the distribution behind each partitioner, its skew, and who owns which key group. */
export function labReport(placements: readonly Placement[], run: ExampleRun): string {
  const subtasks = Array.from({ length: run.parallelism }, (_, i) => i);
  const lines = [['partitioner', ...subtasks.map((i) => `subtask ${i}`), 'skew']];
  for (const partitioning of partitionings) {
    const own = placements.filter((each) => each.partitioning === partitioning);
    const counts = subtasks.map((i) => own.filter(({ subtask }) => subtask === i).length);
    lines.push([partitioning, ...counts.map(String), skewOf(counts)]);
  }
  return [table(lines), '', ...ownersOfKeyGroups(placements, run)].join('\n');
}

/** The fullest subtask against the average: 1.00 is even, and a job is as fast as its fullest subtask. */
export function skewOf(counts: readonly number[]): string {
  const sum = counts.reduce((total, count) => total + count, 0);
  return sum === 0 ? '-' : ((Math.max(...counts) * counts.length) / sum).toFixed(2);
}

function ownersOfKeyGroups(placements: readonly Placement[], run: ExampleRun): string[] {
  const { parallelism, maxParallelism } = run;
  const keyed = placements.filter(({ partitioning }) => partitioning === 'key-by');
  const ranges = [['subtask', 'key groups', 'users', 'events']];
  for (let i = 0; i < parallelism; i += 1) {
    const own = keyed.filter(({ subtask }) => subtask === i);
    const { start, end } = keyGroupRangeForSubtask(subtaskIndex(i), parallelism, maxParallelism);
    ranges.push([
      `${i}`,
      `${start} to ${end}`,
      `${new Set(own.map(({ user }) => user)).size}`,
      `${own.length}`,
    ]);
  }
  const busiest = [['user', 'events', 'key group', 'subtask']];
  const hasher = new KeyGroupHasher(maxParallelism);
  for (const [user, own] of byUser(keyed).slice(0, busiestShown)) {
    busiest.push([
      user,
      `${own.length}`,
      `${hasher.keyGroupOf(user)}`,
      [...new Set(own.map((each) => each.subtask))].join(', '),
    ]);
  }
  return [table(ranges), '', table(busiest), ''];
}

function byUser(placements: readonly Placement[]): [string, Placement[]][] {
  const users = new Map<string, Placement[]>();
  for (const placement of placements) {
    const own = users.get(placement.user);
    if (own === undefined) users.set(placement.user, [placement]);
    else own.push(placement);
  }
  return [...users].sort(([, a], [, b]) => b.length - a.length);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
