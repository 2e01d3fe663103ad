import type { JsonValue } from '../checkpoint/checkpoint-metadata.js';
import type { TopicPartition } from '../log/log-port.js';
import { MillraceError } from '../protocol/failures.js';
import { type SplitId, splitId } from '../protocol/ids.js';
import type { SourceSplit } from './source.js';

/** A topic's partition and how far it is read: what a checkpoint keeps of it. */
export interface LogSplitState extends TopicPartition {
  /** The next offset to emit. */
  readonly position: number;
  /** Exclusive; null reads for ever. */
  readonly stopPosition: number | null;
}

/** `topic-partition`. Unambiguous: what follows the last hyphen is the partition. */
export function logSplitId({ topic, partition }: TopicPartition): SplitId {
  return splitId(`${topic}-${partition}`);
}

/** `index` is the split's place in the assignment. */
export function logSplit(
  { topic, partition, position, stopPosition }: LogSplitState,
  index: number,
): SourceSplit {
  return {
    splitId: logSplitId({ topic, partition }),
    index,
    state: { topic, partition, position, stopPosition },
  };
}

/** @throws MillraceError when the checkpoint holds something else, such as a split of another kind of source. */
export function readLogSplit(split: SourceSplit): LogSplitState {
  const state = split.state;
  if (isLogSplitState(state)) return state;
  throw new MillraceError(
    `The checkpoint's split ${split.splitId} is no position in a topic's partition: ${JSON.stringify(state)}. Its operator was another kind of source; give the new source a uid of its own.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}

function isLogSplitState(state: JsonValue): state is JsonValue & LogSplitState {
  if (typeof state !== 'object' || state === null || Array.isArray(state)) return false;
  const { topic, partition, position, stopPosition } = state as { readonly [key: string]: JsonValue };
  return (
    typeof topic === 'string' &&
    typeof partition === 'number' &&
    typeof position === 'number' &&
    (typeof stopPosition === 'number' || stopPosition === null)
  );
}
