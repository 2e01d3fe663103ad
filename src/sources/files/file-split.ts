import type { JsonValue } from '../../checkpoint/checkpoint-metadata.js';
import { MillraceError } from '../../protocol/failures.js';
import { splitId } from '../../protocol/ids.js';
import type { SourceSplit } from '../source.js';

/** A file of a file source, and how far it was read. */
export interface FileSplit {
  readonly index: number;
  /** Absolute. */
  readonly path: string;
  /** Where the next line begins, in bytes. */
  readonly position: number;
  /** The file's size when it was found: what is read of it. */
  readonly end: number;
}

export function fileSplit({ index, path, position, end }: FileSplit): SourceSplit {
  return { splitId: splitId(path), index, state: { path, position, end } };
}

/** @throws MillraceError when the checkpoint holds something else, such as a split of another kind of source. */
export function readFileSplit(split: SourceSplit): FileSplit {
  const state: JsonValue = split.state;
  if (typeof state === 'object' && state !== null && !Array.isArray(state)) {
    const { path, position, end } = state as { readonly [key: string]: JsonValue };
    if (typeof path === 'string' && typeof position === 'number' && typeof end === 'number') {
      return { index: split.index, path, position, end };
    }
  }
  throw new MillraceError(
    `The checkpoint's split ${split.splitId} is no position in a file: ${JSON.stringify(state)}. Its operator was another kind of source; give the new source a uid of its own.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}
