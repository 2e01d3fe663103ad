import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { OperatorStateSnapshot } from '../../src/checkpoint/checkpoint-metadata.js';
import { redistributeOperatorState } from '../../src/checkpoint/operator-state-redistribution.js';

/** One state, with the items that each former subtask had. */
const formerly = (
  mode: OperatorStateSnapshot['mode'],
  ...parts: readonly (readonly string[])[]
): OperatorStateSnapshot[][] => parts.map((items) => [{ name: 'state', mode, items }]);

const itemsOf = (states: readonly (readonly OperatorStateSnapshot[])[]): (readonly string[])[] =>
  states.map((own) => own.find(({ name }) => name === 'state')?.items ?? []);

it('A list that is split stays where it is while the parallelism stays', () => {
  const former = formerly('split-distribute', ['a', 'b', 'c'], []);
  expect(itemsOf(redistributeOperatorState(former, 2))).toEqual([['a', 'b', 'c'], []]);
});

it('A union list is given whole to every subtask, also while the parallelism stays', () => {
  const former = formerly('union', ['a'], ['b', 'c']);
  for (const parallelism of [1, 2, 3]) {
    const all = Array.from({ length: parallelism }, () => ['a', 'b', 'c']);
    expect(itemsOf(redistributeOperatorState(former, parallelism))).toEqual(all);
  }
});

it('A broadcast state has one copy in every subtask', () => {
  const former = formerly('broadcast', ['x', 'y'], ['x', 'y']);
  for (const parallelism of [1, 2, 5]) {
    const copies = Array.from({ length: parallelism }, () => ['x', 'y']);
    expect(itemsOf(redistributeOperatorState(former, parallelism))).toEqual(copies);
  }
});

it('With any parallelism before and after, each item of a split list is in one subtask, evenly, in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.string()), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 8 }),
      (parts, parallelism) => {
        fc.pre(parts.length !== parallelism);
        const shares = itemsOf(
          redistributeOperatorState(formerly('split-distribute', ...parts), parallelism),
        );
        expect(shares.flat()).toEqual(parts.flat());
        const sizes = shares.map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      },
    ),
  );
});
