import type { JsonValue } from '../../checkpoint/checkpoint-metadata.js';

/** A part file as a checkpoint names it: its first `length` bytes at `path` are to be found at `target`. */
export interface FileCommittable {
  readonly path: string;
  readonly target: string;
  /** In bytes. What is behind belongs to no checkpoint. */
  readonly length: number;
}

/** @throws when the checkpoint holds something else. */
export function readFileCommittable(value: JsonValue): FileCommittable {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { path, target, length } = value as { readonly [key: string]: JsonValue };
    if (typeof path === 'string' && typeof target === 'string' && typeof length === 'number') {
      return { path, target, length };
    }
  }
  throw new Error(`The checkpoint's ${JSON.stringify(value)} is no part of a file sink.`);
}
