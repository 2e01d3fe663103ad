import type { SourceSplit } from '../sources/source.js';

/**
 * Which subtask reads which split: split i goes to subtask i % parallelism. A pure function of the splits and
 * the parallelism, so that every attempt, and later every process, finds the same owner; two readers of one
 * partition would double its records.
 */
export function assignSplits(splits: readonly SourceSplit[], parallelism: number): SplitAssignment {
  const bySubtask: SourceSplit[][] = Array.from({ length: parallelism }, () => []);
  for (const split of splits) bySubtask[split.index % parallelism]?.push(split);
  return { bySubtask, warnings: warningsFor(bySubtask, splits.length) };
}

export interface SplitAssignment {
  readonly bySubtask: readonly (readonly SourceSplit[])[];
  /** Sentences for people; the job runs all the same. */
  readonly warnings: readonly string[];
}

function warningsFor(bySubtask: readonly (readonly SourceSplit[])[], splitCount: number): readonly string[] {
  const parallelism = bySubtask.length;
  const counts = bySubtask.map((splits) => splits.length);
  const idle = counts.filter((count) => count === 0).length;
  if (idle > 0) {
    return [
      `${idle} of ${parallelism} source subtasks have no split to read, since there are only ${splitCount}. Add partitions, or lower --parallelism to ${Math.max(1, parallelism - idle)}.`,
    ];
  }
  const most = Math.max(...counts);
  const fewest = Math.min(...counts);
  if (most === fewest) return [];
  return [
    `The ${splitCount} splits don't divide evenly among ${parallelism} source subtasks: one reads ${most}, another ${fewest}. A --parallelism that divides ${splitCount} spreads the load better.`,
  ];
}
