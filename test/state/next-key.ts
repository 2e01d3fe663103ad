import type { Key } from '../../src/key-groups/key.js';

/** The next key that has the state; undefined at the end. */
export function nextKey(keys: Iterator<Key | undefined, undefined>): Key | undefined {
  for (;;) {
    const { value, done } = keys.next();
    if (done || value !== undefined) return value;
  }
}
