import type { Key, PrimitiveKey } from '../key-groups/key.js';

/**
 * How a timer's owner stands in its cell where the key has its place: as the key itself, or as a tuple that
 * begins with a namespace. One queue keeps to one of the two for ever, since both are file formats.
 */
export interface TimerOwnerFormat {
  ownerOf(key: Key, namespace: string | undefined): Key;
  keyOf(owner: Key): Key;
  namespaceOf(owner: Key): string | undefined;
}

export const plainTimerOwner: TimerOwnerFormat = {
  ownerOf: (key) => key,
  keyOf: (owner) => owner,
  namespaceOf: () => undefined,
};

/** `[namespace, 0, key]`, or `[namespace, 1, …key]` of a tuple: a tuple of one element is another key than the element. */
export const namespacedTimerOwner: TimerOwnerFormat = {
  ownerOf(key, namespace) {
    if (namespace === undefined)
      throw new Error('A timer of a namespaced queue was named without a namespace.');
    return isTuple(key) ? [namespace, tupleTag, ...key] : [namespace, singleTag, key];
  },
  keyOf(owner) {
    const parts = owner as readonly PrimitiveKey[];
    return parts[1] === tupleTag ? parts.slice(2) : parts[2]!;
  },
  namespaceOf: (owner) => (owner as readonly PrimitiveKey[])[0] as string,
};

const singleTag = 0;
const tupleTag = 1;

/** `Array.isArray` does not narrow readonly arrays. */
function isTuple(key: Key): key is readonly PrimitiveKey[] {
  return Array.isArray(key);
}
