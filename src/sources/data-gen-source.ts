import { refuseUnknownOptions } from '../api/option-names.js';
import { MillraceError } from '../protocol/failures.js';
import { defaultSplitCount, GeneratedSource } from './generated-source.js';
import type { Source } from './source.js';

export interface DataGenSourceOptions<T> {
  /**
   * The element of a number, 0 … count-1. Called anew after a failure and in every thread, so it answers the
   * same each time: take randomness from the number, not from `Math.random`.
   */
  readonly generate: (index: number) => T;
  /** How many elements there are; without it the source goes on for ever. */
  readonly count?: number;
  /** Over all subtasks together; no limit by default. */
  readonly ratePerSecond?: number;
  /** How many subtasks may share the work at most; 8 by default. */
  readonly splits?: number;
}

/**
 * Makes up its elements (Flink's DataGeneratorSource). Split i of n has every n-th number, so that each
 * subtask emits in ascending order, and one subtask alone emits all in order.
 */
export function dataGenSource<T>(options: DataGenSourceOptions<T>): Source<T> {
  refuseUnknownOptions<DataGenSourceOptions<T>>('dataGenSource', options, {
    generate: true,
    count: true,
    ratePerSecond: true,
    splits: true,
  });
  const { generate, count, ratePerSecond, splits = defaultSplitCount } = options;
  assertOptions(options);
  const length = count ?? Number.MAX_SAFE_INTEGER;
  return new GeneratedSource<T>({
    kind: 'data-gen-source',
    description: `${count ?? 'endless'} in ${splits} splits`,
    splitCount: splits,
    boundedness: count === undefined ? 'continuous' : 'bounded',
    elementsOf: (splitIndex) => Math.max(0, Math.ceil((length - splitIndex) / splits)),
    elementAt: (splitIndex, position) => elementAt(generate, splitIndex + position * splits),
    ratePerSecond,
  });
}

function elementAt<T>(generate: (index: number) => T, index: number): T {
  try {
    return generate(index);
  } catch (cause) {
    throw new MillraceError(`The generate function of a data generator threw for element ${index}.`, {
      domain: 'user-code',
      action: 'restart',
      cause,
    });
  }
}

function assertOptions({ generate, count, splits }: DataGenSourceOptions<unknown>): void {
  const mistakes: string[] = [];
  if (typeof generate !== 'function') mistakes.push('generate must be a function of the number');
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
    mistakes.push(`count is ${count}: give a whole number from 0 on, or leave it out for an endless source`);
  }
  if (splits !== undefined && !(Number.isSafeInteger(splits) && splits >= 1)) {
    mistakes.push(`splits is ${splits}: give a whole number from 1 on`);
  }
  if (mistakes.length === 0) return;
  throw new MillraceError(`A data generator can't run: ${mistakes.join('; ')}.`, {
    domain: 'user-code',
    action: 'fail-job',
  });
}
