import { GeneratedSource } from './generated-source.js';
import type { Source } from './source.js';

export interface CollectionSourceOptions {
  /** No limit by default. */
  readonly ratePerSecond?: number;
}

/**
 * The elements of an array, in order, from one subtask. Every thread builds the job and with it the array,
 * so its elements must be the same each time and, like all elements, plain and never changed.
 */
export function collectionSource<T>(
  elements: readonly T[],
  options: CollectionSourceOptions = {},
): Source<T> {
  // A copy: a caller that went on to fill its array would change the length that positions count in.
  const fixed = [...elements];
  return new GeneratedSource<T>({
    kind: 'collection-source',
    description: `${fixed.length} elements`,
    splitCount: 1,
    boundedness: 'bounded',
    elementsOf: () => fixed.length,
    elementAt: (_splitIndex, position) => fixed[position] as T,
    ratePerSecond: options.ratePerSecond,
  });
}
