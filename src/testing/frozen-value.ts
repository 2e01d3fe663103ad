import type { DeepReadonly } from '../api/deep-readonly.js';
import { assertPlain } from '../protocol/plain-value.js';

/**
 * Freezes a value with all that it holds, so that a function which changes what it was given, or what it has
 * emitted, fails in the test and not, now and then, in production. Bytes can't be frozen.
 * @throws MillraceError when the value is not plain.
 */
export function frozen<T>(value: T, what: string): DeepReadonly<T> {
  assertPlain(value, what);
  freeze(value);
  return value as DeepReadonly<T>;
}

/** As `frozen`, of a copy: what belongs to the test stays as it is. */
export function frozenCopy<T>(value: T, what: string): DeepReadonly<T> {
  assertPlain(value, what);
  const copy = structuredClone(value);
  freeze(copy);
  return copy as DeepReadonly<T>;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if (value instanceof Map) {
    for (const [key, held] of value) {
      freeze(key);
      freeze(held);
    }
  } else if (value instanceof Set) {
    for (const held of value) freeze(held);
  } else {
    for (const held of Object.values(value)) freeze(held);
  }
  Object.freeze(value);
}
