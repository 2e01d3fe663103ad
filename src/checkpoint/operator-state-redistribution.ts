import type { OperatorStateSnapshot } from './checkpoint-metadata.js';

/**
 * Operator state for the subtasks that go on from a checkpoint, as its mode says (Flink's
 * RoundRobinOperatorStateRepartitioner). Invariant: with `split-distribute` each item is given to exactly one
 * subtask, or something would be done twice or never. A pure function, so that every attempt gives each subtask
 * the same.
 *
 * @param former what each former subtask had, by its index.
 * @returns what each of `parallelism` subtasks has, by its index.
 */
export function redistributeOperatorState(
  former: readonly (readonly OperatorStateSnapshot[])[],
  parallelism: number,
): readonly (readonly OperatorStateSnapshot[])[] {
  const modes = new Map(former.flat().map(({ name, mode }) => [name, mode]));
  return Array.from({ length: parallelism }, (_, subtask) =>
    [...modes].flatMap(([name, mode]) => {
      const parts = former.map((states) => states.find((state) => state.name === name)?.items ?? []);
      const items = itemsOf(mode, parts, subtask, parallelism);
      return items.length === 0 ? [] : [{ name, mode, items }];
    }),
  );
}

function itemsOf(
  mode: OperatorStateSnapshot['mode'],
  parts: readonly (readonly string[])[],
  subtask: number,
  parallelism: number,
): readonly string[] {
  switch (mode) {
    case 'union':
      return parts.flat();
    case 'broadcast':
      // The copies are alike, so any one will do.
      return parts[subtask % parts.length] ?? [];
    case 'split-distribute':
      return parts.length === parallelism
        ? (parts[subtask] ?? [])
        : evenShare(parts.flat(), subtask, parallelism);
  }
}

/** Contiguous, and at most one item longer than another subtask's. */
function evenShare(items: readonly string[], subtask: number, parallelism: number): readonly string[] {
  const start = Math.ceil((items.length * subtask) / parallelism);
  const end = Math.ceil((items.length * (subtask + 1)) / parallelism);
  return items.slice(start, end);
}
