import { keyGroupRangeForSubtask } from '../../key-groups/key-group-assignment.js';
import { KeyGroupHasher } from '../../key-groups/key-group-hasher.js';
import { subtaskIndex } from '../../protocol/ids.js';
import type { ExampleRun } from '../example.js';
import { type LabEvent, labEvents, labPartitionOf, subtaskByUserNumber } from './lab-event.js';
import { type PartitioningName, type Placement, partitionings } from './placement.js';

/** What is wrong with the placements, a sentence for each partitioner that did otherwise than it should. */
export function labMistakes(placements: readonly Placement[], run: ExampleRun): string[] {
  return partitionings.flatMap((partitioning) => {
    const own = placements.filter((each) => each.partitioning === partitioning);
    return mistakesOf(partitioning, own, run).map((mistake) => `${partitioning}: ${mistake}`);
  });
}

function mistakesOf(partitioning: PartitioningName, own: readonly Placement[], run: ExampleRun): string[] {
  const { parallelism } = run;
  const copies = partitioning === 'broadcast' ? parallelism : 1;
  const events = [...labEvents()];
  const mistakes: string[] = [];
  const distinct = new Set(own.map(({ id, subtask }) => (copies === 1 ? id : id * parallelism + subtask)));
  if (own.length !== events.length * copies || distinct.size !== own.length) {
    mistakes.push(
      `${own.length} placements of ${distinct.size} kinds, and there should be ${events.length * copies}`,
    );
  }
  const subtaskOf = expectedSubtask(partitioning, run);
  const misplaced = own.find(({ id, user, subtask }) => (subtaskOf({ id, user }) ?? subtask) !== subtask);
  if (misplaced !== undefined) {
    mistakes.push(`event ${misplaced.id} of ${misplaced.user} came to subtask ${misplaced.subtask}`);
  }
  const counts = Array.from(
    { length: parallelism },
    (_, i) => own.filter(({ subtask }) => subtask === i).length,
  );
  const spread = Math.max(...counts) - Math.min(...counts);
  if (spread > spreadMax(partitioning, events.length, parallelism)) {
    mistakes.push(`uneven: ${counts.join(', ')}`);
  }
  return mistakes;
}

/** How far the fullest and the emptiest subtask may be apart where the partitioner is to be even. */
function spreadMax(partitioning: PartitioningName, events: number, parallelism: number): number {
  // Each of the upstream subtasks deals its events out in turn, so each may be one off.
  if (partitioning === 'rebalance') return parallelism;
  // Six standard deviations to either side: a chance in many millions.
  if (partitioning === 'shuffle') return 12 * Math.sqrt(events / parallelism);
  return Number.POSITIVE_INFINITY;
}

/** Undefined where any subtask may get the event. */
function expectedSubtask(
  partitioning: PartitioningName,
  { parallelism, maxParallelism }: ExampleRun,
): (event: LabEvent) => number | undefined {
  const hasher = new KeyGroupHasher(maxParallelism);
  switch (partitioning) {
    // With one parallelism for all operators the nearest subtask is the same one.
    case 'forward':
    case 'rescale':
      return ({ id }) => labPartitionOf(id) % parallelism;
    case 'custom':
      return ({ user }) => subtaskByUserNumber(user, parallelism);
    case 'key-by':
      return ({ user }) => {
        const keyGroup = hasher.keyGroupOf(user);
        return Array.from({ length: parallelism }, (_, i) => i).find((i) => {
          const range = keyGroupRangeForSubtask(subtaskIndex(i), parallelism, maxParallelism);
          return keyGroup >= range.start && keyGroup <= range.end;
        });
      };
    case 'global':
      return () => 0;
    case 'rebalance':
    case 'shuffle':
    case 'broadcast':
      return () => undefined;
  }
}
