import type { KeyedStateBackend } from '../../state/keyed-state-backend.js';

/** What windows of the current key hold, each under its id: an accumulator, or its elements. */
export interface WindowContents<In, Result> {
  /** Whether there was something in the window before. */
  add(id: string, value: In): boolean;
  /** Undefined when the window is empty. */
  result(id: string): Result | undefined;
  clear(id: string): void;
  /** Moves what the windows `from` hold to `into`. */
  merge(into: string, from: readonly string[]): void;
}

/** Called when the operator opens: states are registered then. */
export type CreateWindowContents<In, Result> = (
  backend: KeyedStateBackend,
  operatorName: string,
) => WindowContents<In, Result>;

/** Under these names the contents are found again after a restart. */
export const contentsStateName = 'window:contents';
export const elementsStateName = 'window:elements';
