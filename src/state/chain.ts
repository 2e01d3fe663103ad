/**
 * Takes an item out of a chain of items, each of which knows the next one, and gives the chain's first item from
 * then on. What a key has few of is such a chain: a table would be one more thing to fetch from memory.
 * @throws Error when the item is not in it.
 */
export function withoutItem<Item extends ChainedItem<Item>>(
  first: Item | undefined,
  item: Item,
): Item | undefined {
  if (first === item) return item.next;
  let before = first;
  while (before !== undefined && before.next !== item) before = before.next;
  if (before === undefined) throw new Error('An item was to be taken out of a chain that it is not in.');
  before.next = item.next;
  return first;
}

export interface ChainedItem<Item> {
  next: Item | undefined;
}
