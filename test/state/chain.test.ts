import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChainedItem, withoutItem } from '../../src/state/chain.js';

interface Link extends ChainedItem<Link> {
  readonly name: number;
}

function chainOf(names: readonly number[]): Link | undefined {
  return names.reduceRight<Link | undefined>((next, name) => ({ name, next }), undefined);
}

function linksOf(first: Link | undefined): Link[] {
  return first === undefined ? [] : [first, ...linksOf(first.next)];
}

describe('An item that leaves a chain', () => {
  it('leaves all others in their order, wherever it was', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 8 }), fc.nat(), (names, place) => {
        const first = chainOf(names);
        const leaving = linksOf(first)[place % names.length]!;
        const left = linksOf(withoutItem(first, leaving)).map(({ name }) => name);
        expect(left).toEqual(names.filter((name) => name !== leaving.name));
      }),
    );
  });

  it('must be in it', () => {
    const stranger: Link = { name: 1, next: undefined };
    expect(() => withoutItem(chainOf([1, 2]), stranger)).toThrow('that it is not in');
    expect(() => withoutItem(undefined, stranger)).toThrow('that it is not in');
  });
});
