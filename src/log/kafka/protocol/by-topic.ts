import type { WireReader } from './wire-reader.js';
import type { WireWriter } from './wire-writer.js';

/** Writes items of partitions as most requests list them: `[topic [item]]`. */
export function writeByTopic<T extends { readonly topic: string }>(
  writer: WireWriter,
  items: readonly T[],
  writeItem: (item: T) => void,
): void {
  writer.array(byTopic(items), ([topic, ofTopic]) => {
    writer.string(topic);
    writer.array(ofTopic, writeItem);
  });
}

/** Reads what an answer lists in the same way, as one list. */
export function readByTopic<T>(body: WireReader, readItem: (topic: string) => T): T[] {
  const topics = body.array(() => {
    const topic = body.string();
    return body.array(() => readItem(topic));
  });
  return topics.flat();
}

/** Groups items of partitions by topic; in order of first appearance. */
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
