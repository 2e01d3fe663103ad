import { MillraceError } from '../protocol/failures.js';
import { defaultSplitCount, GeneratedSource } from './generated-source.js';
import type { Source } from './source.js';

export interface SequenceSourceOptions {
  /** How many subtasks may share the work at most; 8 by default. */
  readonly splits?: number;
  /** Over all subtasks together; no limit by default. */
  readonly ratePerSecond?: number;
}

/**
 * The whole numbers from `start` to `end`, both included. Split i of n holds every n-th number, so that each
 * subtask emits its numbers in ascending order, and one subtask alone emits all of them in order.
 */
export function sequenceSource(
  start: number,
  end: number,
  options: SequenceSourceOptions = {},
): Source<number> {
  const splits = options.splits ?? defaultSplitCount;
  assertWholeNumber('start', start, Number.MIN_SAFE_INTEGER);
  assertWholeNumber('end', end, Number.MIN_SAFE_INTEGER);
  assertWholeNumber('splits', splits, 1);
  const length = Math.max(0, end - start + 1);
  return new GeneratedSource<number>({
    kind: 'sequence-source',
    description: `${start} to ${end} in ${splits} splits`,
    splitCount: splits,
    boundedness: 'bounded',
    elementsOf: (splitIndex) => Math.max(0, Math.ceil((length - splitIndex) / splits)),
    elementAt: (splitIndex, position) => start + splitIndex + position * splits,
    ratePerSecond: options.ratePerSecond,
  });
}

function assertWholeNumber(option: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new MillraceError(
    `A sequence's ${option} is ${value}: give a whole number${min === 1 ? ' of at least 1' : ''}.`,
    {
      domain: 'user-code',
      action: 'fail-job',
    },
  );
}
