import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assignSplits } from '../../src/job-manager/split-assignment.js';
import { splitId } from '../../src/protocol/ids.js';
import type { SourceSplit } from '../../src/sources/source.js';

function splits(count: number): SourceSplit[] {
  return Array.from({ length: count }, (_, index) => ({
    splitId: splitId(`t-${index}`),
    index,
    state: null,
  }));
}

test('split i goes to subtask i % parallelism', () => {
  const { bySubtask, warnings } = assignSplits(splits(4), 2);
  expect(bySubtask.map((each) => each.map((split) => split.index))).toEqual([
    [0, 2],
    [1, 3],
  ]);
  expect(warnings).toEqual([]);
});

test('more subtasks than splits: a warning says how many are idle and what to do', () => {
  expect(assignSplits(splits(2), 5).warnings).toEqual([
    expect.stringMatching(/3 of 5 source subtasks have no split.*--parallelism to 2/),
  ]);
});

test('a parallelism that does not divide the splits: a warning names the difference', () => {
  expect(assignSplits(splits(5), 2).warnings).toEqual([expect.stringMatching(/one reads 3, another 2/)]);
});

test('every split has exactly one reader, the same whatever order the splits come in', () => {
  fc.assert(
    fc.property(
      fc.nat(40),
      fc.integer({ min: 1, max: 16 }),
      fc.func(fc.integer()),
      (count, parallelism, order) => {
        const all = splits(count);
        const shuffled = [...all].sort((a, b) => order(a.index) - order(b.index));
        const owners = (assigned: readonly SourceSplit[]) =>
          assignSplits(assigned, parallelism).bySubtask.map((each) =>
            each.map((split) => split.index).sort((a, b) => a - b),
          );
        expect(owners(shuffled)).toEqual(owners(all));
        expect(
          owners(all)
            .flat()
            .sort((a, b) => a - b),
        ).toEqual(all.map((split) => split.index));
      },
    ),
  );
});
