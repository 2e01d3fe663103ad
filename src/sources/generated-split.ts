import type { JsonValue } from '../checkpoint/checkpoint-metadata.js';
import { MillraceError } from '../protocol/failures.js';
import { splitId } from '../protocol/ids.js';
import type { SourceSplit } from './source.js';

/** A split of a source whose elements are a function of their number: what a checkpoint keeps of it. */
export interface GeneratedSplitState {
  /** How many of the split's elements were emitted. */
  readonly position: number;
}

export function generatedSplit(index: number, position: number): SourceSplit {
  return { splitId: splitId(`split-${index}`), index, state: { position } };
}

/** @throws MillraceError when the checkpoint holds something else, such as a split of another kind of source. */
export function readGeneratedSplit(split: SourceSplit): GeneratedSplitState {
  const state: JsonValue = split.state;
  if (typeof state === 'object' && state !== null && !Array.isArray(state)) {
    const { position } = state as { readonly [key: string]: JsonValue };
    if (typeof position === 'number') return { position };
  }
  throw new MillraceError(
    `The checkpoint's split ${split.splitId} is no position in a sequence or collection: ${JSON.stringify(state)}. Its operator was another kind of source; give the new source a uid of its own.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}
