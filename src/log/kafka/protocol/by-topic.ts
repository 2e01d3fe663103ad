/** Groups items of partitions by topic, as most requests list them; in order of first appearance. */
export function byTopic<T extends { readonly topic: string }>(
  items: readonly T[],
): (readonly [string, T[]])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.topic);
    if (group === undefined) groups.set(item.topic, [item]);
    else group.push(item);
  }
  return [...groups];
}
